package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The rows of one Parquet file: beside the footer it costs 4 bytes a row group. A row is read again through its row
 * group, and through its pages alone where the file has a page index.
 */
final class ParquetIndex implements SampleIndex {
    private static final List<String> DIALOGUES = List.of("messages", "conversations");

    private final ParquetRows rows;
    /** The number of the first row of each row group, and at the end the number of all rows. */
    private final int[] first;

    private ParquetIndex(ParquetRows rows) {
        this.rows = rows;
        first = new int[rows.groups() + 1];
        for (int group = 0; group < rows.groups(); group++) {
            first[group + 1] = Math.addExact(first[group], rows.rowCount(group));
        }
    }

    /** Reads every row once; the check throws for a bad one. */
    static ParquetIndex scan(DataFile file, Consumer<SampleFields> check) throws IOException {
        var index = new ParquetIndex(ParquetRows.open(file));
        for (int group = 0; group < index.rows.groups(); group++) {
            int before = index.first[group];
            index.rows.readAll(group, before, (row, sample) -> check.accept(index.fields(before + row, sample)));
        }
        return index;
    }

    @Override
    public int size() {
        return first[first.length - 1];
    }

    @Override
    public SampleLocation location(int index) {
        return rows.location(index);
    }

    @Override
    public SampleFields read(int index) {
        int found = Arrays.binarySearch(first, index);
        int group = found >= 0 ? found : -found - 2;
        while (first[group + 1] == index) { // a row group without rows
            group++;
        }
        try {
            return fields(index, rows.read(group, index - first[group], first[group]));
        } catch (IOException e) {
            throw SampleFile.unreadable(rows.file(), e);
        }
    }

    /** A dialogue may stand in its column as JSON text: what cannot be had as nested columns is often stored so. */
    private SampleFields fields(int index, ObjectNode sample) {
        for (String key : DIALOGUES) {
            JsonNode value = sample.get(key);
            if (value != null && value.isTextual()) {
                sample.set(key, parse(key, value.textValue(), location(index)));
            }
        }
        return new SampleFields(location(index), sample);
    }

    private static JsonNode parse(String column, String json, SampleLocation location) {
        try {
            return SampleJson.MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw invalid(column, e, location);
        }
    }

    private static TrainerException invalid(String column, JsonProcessingException e, SampleLocation location) {
        return location.invalid("the text in column `" + column + "` is invalid JSON: " + SampleJson.problem(e), e);
    }
}
