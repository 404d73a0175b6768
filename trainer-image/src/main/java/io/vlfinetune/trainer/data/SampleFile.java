package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.function.Consumer;

/** Walks once through a data file, hands every sample to a check, and remembers where it was. */
final class SampleFile {
    private final DataFile file;

    SampleFile(DataFile file) {
        this.file = file;
    }

    /** Reads every sample; the check throws for a bad one. */
    SampleIndex scan(Consumer<SampleFields> check) {
        SampleIndex index = index(check);
        if (index.size() == 0) {
            throw invalid("the file has no samples; give at least one");
        }
        return index;
    }

    private SampleIndex index(Consumer<SampleFields> check) {
        String name = file.path().getFileName().toString();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file.path()), 1 << 16)) {
            if (name.endsWith(".jsonl")) {
                return scanLines(in, check);
            } else if (name.endsWith(".json")) {
                return scanArray(in, check);
            } else if (name.endsWith(".parquet")) {
                return ParquetIndex.scan(file, check);
            }
            throw invalid("unknown kind of data file; give .jsonl (one object a line), .json (one array) or .parquet");
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static TrainerException unreadable(DataFile file, IOException e) {
        return e instanceof NoSuchFileException
                ? new TrainerException(Reason.SourceUnavailable, file.name() + ": there is no such data file", e)
                : new TrainerException(
                        Reason.SourceUnavailable, file.name() + ": cannot be read: " + SampleJson.problem(e), e);
    }

    private TextIndex scanLines(InputStream in, Consumer<SampleFields> check) throws IOException {
        var index = new TextIndex(file, false);
        var line = new ByteArrayOutputStream();
        long offset = 0;
        int number = 1;
        int value;
        do {
            value = in.read();
            if (value >= 0 && value != '\n') {
                line.write(value);
                continue;
            }
            int length = line.size();
            addLine(index, offset, number, line.toByteArray(), check);
            line.reset();
            offset += length + 1L;
            number++;
        } while (value >= 0);
        return index;
    }

    private void addLine(TextIndex index, long offset, int number, byte[] line, Consumer<SampleFields> check) {
        // A byte order mark is not JSON, but editors on Windows write one.
        boolean marked = number == 1
                && line.length >= 3
                && line[0] == (byte) 0xEF
                && line[1] == (byte) 0xBB
                && line[2] == (byte) 0xBF;
        byte[] json = marked ? Arrays.copyOfRange(line, 3, line.length) : line;
        if (isBlank(json)) {
            return;
        }
        check.accept(SampleJson.parse(json, SampleLocation.ofLine(file.name(), number)));
        index.add(marked ? offset + 3 : offset, json.length, number);
    }

    private static boolean isBlank(byte[] line) {
        for (byte value : line) {
            if (value != ' ' && value != '\t' && value != '\r') {
                return false;
            }
        }
        return true;
    }

    private TextIndex scanArray(InputStream in, Consumer<SampleFields> check) throws IOException {
        var index = new TextIndex(file, true);
        JsonParser parser = SampleJson.MAPPER.createParser(in);
        try (parser) {
            JsonToken first = parser.nextToken();
            if (first != null && first != JsonToken.START_ARRAY) {
                throw invalid(
                        "a .json file must be one array of samples; " + "name a file with one object a line .jsonl");
            }
            while (first != null && parser.nextToken() != JsonToken.END_ARRAY) {
                addElement(index, parser, check);
            }
            if (parser.nextToken() != null) {
                throw invalid("there is something after the array of samples; a .json file must be one array");
            }
        } catch (JacksonException | CharConversionException e) {
            throw SampleLocation.ofElement(
                            file.name(), index.size(), parser.currentLocation().getLineNr())
                    .invalid("invalid JSON: " + SampleJson.problem(e), e);
        }
        return index;
    }

    private void addElement(TextIndex index, JsonParser parser, Consumer<SampleFields> check) throws IOException {
        SampleLocation location = elementAt(index, parser);
        long offset = parser.currentTokenLocation().getByteOffset();
        if (offset < 0) {
            throw invalid("the file is not in UTF-8; convert it");
        }
        JsonNode sample = parser.readValueAsTree();
        if (sample == null) {
            throw location.invalid("invalid JSON: the array ends too early");
        }
        check.accept(SampleJson.object(sample, location));
        int length = Math.toIntExact(parser.currentLocation().getByteOffset() - offset);
        index.add(offset, length, location.line());
    }

    private SampleLocation elementAt(TextIndex index, JsonParser parser) {
        return SampleLocation.ofElement(
                file.name(), index.size(), parser.currentTokenLocation().getLineNr());
    }

    private TrainerException invalid(String problem) {
        return new TrainerException(Reason.DataInvalid, file.name() + ": " + problem);
    }
}
