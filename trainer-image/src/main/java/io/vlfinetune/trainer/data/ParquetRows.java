package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.filter2.columnindex.RowRanges;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows of a Parquet file as JSON objects, never more than one row group at a time. Of the columns only those that
 * samples are made of are read. The file is opened anew for each read, so that threads share nothing but the footer.
 */
final class ParquetRows {
    /** Bytes of a row group's columns as they lie in the file: they are in memory at once. */
    static final long MOST_GROUP_BYTES = 1L << 30;

    private final DataFile file;
    private final ParquetMetadata footer;
    private final MessageType columns;

    /** Takes one row. */
    interface RowConsumer {
        void accept(int row, ObjectNode sample);
    }

    private ParquetRows(DataFile file, ParquetMetadata footer, MessageType columns) {
        this.file = file;
        this.footer = footer;
        this.columns = columns;
    }

    /**
     * Reads the footer.
     *
     * @throws TrainerException DataInvalid when this is no Parquet file, has no column with conversations, or has row
     *     groups that do not fit into memory
     */
    static ParquetRows open(DataFile file) throws IOException {
        ParquetMetadata footer;
        try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file.path()), options())) {
            footer = reader.getFooter();
        } catch (RuntimeException | IOException e) {
            throw invalid(file, "it is not a whole Parquet file: " + problem(e), e);
        }
        var rows = new ParquetRows(
                file, footer, columns(file, footer.getFileMetaData().getSchema()));
        for (int group = 0; group < rows.groups(); group++) {
            rows.requireSize(group);
        }
        return rows;
    }

    DataFile file() {
        return file;
    }

    int groups() {
        return footer.getBlocks().size();
    }

    int rowCount(int group) {
        long count = footer.getBlocks().get(group).getRowCount();
        if (count < 0 || count > Integer.MAX_VALUE) {
            throw invalid(file, "row group " + group + " says that it has " + count + " rows", null);
        }
        return (int) count;
    }

    SampleLocation location(int row) {
        return SampleLocation.ofRow(file.name(), row);
    }

    /** Hands out all rows of a row group; {@code before} is the number of rows in the groups before it. */
    void readAll(int group, int before, RowConsumer consumer) {
        int row = 0;
        try (ParquetFileReader reader = reader();
                PageReadStore pages = reader.readRowGroup(group)) {
            var builder = new ParquetRow(columns);
            RecordReader<ObjectNode> records = columnIo().getRecordReader(pages, builder);
            for (; row < rowCount(group); row++) {
                consumer.accept(row, records.read());
            }
        } catch (TrainerException e) {
            throw e;
        } catch (RuntimeException | IOException e) {
            throw location(before + row).invalid("the row cannot be read: " + problem(e), e);
        }
    }

    /** One row of a row group, counted within it. */
    ObjectNode read(int group, int row, int before) throws IOException {
        if (!Files.exists(file.path())) {
            throw new NoSuchFileException(file.name());
        }
        boolean indexed = chunks(group).allMatch(chunk -> chunk.getOffsetIndexReference() != null);
        try {
            return indexed ? readPages(group, row) : readGroup(group, row);
        } catch (RuntimeException | IOException e) {
            throw location(before + row).invalid("the row cannot be read: " + problem(e), e);
        }
    }

    private ObjectNode readPages(int group, int row) throws IOException {
        RowRanges range = RowRanges.builder().addSelectedRow(row).build();
        try (ParquetFileReader reader = reader();
                PageReadStore pages = reader.readFilteredRowGroup(group, range)) {
            return columnIo().getRecordReader(pages, new ParquetRow(columns)).read();
        }
    }

    /** By one thread at a time: the compressed pages of the row group are in memory. */
    private synchronized ObjectNode readGroup(int group, int row) throws IOException {
        try (ParquetFileReader reader = reader();
                PageReadStore pages = reader.readRowGroup(group)) {
            var builder = new ParquetRow(columns);
            RecordReader<ObjectNode> records = columnIo().getRecordReader(pages, builder);
            builder.skip(true);
            for (int before = 0; before < row; before++) {
                records.read();
            }
            builder.skip(false);
            return records.read();
        }
    }

    private MessageColumnIO columnIo() {
        return new ColumnIOFactory(footer.getFileMetaData().getCreatedBy())
                .getColumnIO(columns, footer.getFileMetaData().getSchema(), true);
    }

    private ParquetFileReader reader() throws IOException {
        var input = new LocalInputFile(file.path());
        ParquetFileReader reader = ParquetFileReader.open(input, footer, options(), input.newStream());
        reader.setRequestedSchema(columns);
        return reader;
    }

    private static ParquetReadOptions options() {
        var configuration = new PlainParquetConfiguration();
        return ParquetReadOptions.builder(configuration)
                .withCodecFactory(new BoundedCodecs(configuration))
                .usePageChecksumVerification()
                .build();
    }

    private static MessageType columns(DataFile file, MessageType schema) {
        if (!schema.containsField("messages") && !schema.containsField("conversations")) {
            String found = schema.getFields().stream().map(Type::getName).collect(Collectors.joining(", "));
            throw invalid(
                    file,
                    "cannot tell the format: found the columns " + found
                            + "; expected `messages` (OpenAI) or `conversations` (ShareGPT, LLaVA)",
                    null);
        }
        List<Type> known = schema.getFields().stream()
                .filter(field -> ConversationReader.KEYS.contains(field.getName()))
                .toList();
        return new MessageType(schema.getName(), known);
    }

    private Stream<ColumnChunkMetaData> chunks(int group) {
        Set<String> names = columns.getFields().stream().map(Type::getName).collect(Collectors.toSet());
        return footer.getBlocks().get(group).getColumns().stream()
                .filter(chunk -> names.contains(chunk.getPath().toArray()[0]));
    }

    /** Sizes in the footer decide what is allocated, so they are compared with the file before they are believed. */
    private void requireSize(int group) throws IOException {
        BlockMetaData block = footer.getBlocks().get(group);
        long length = Files.size(file.path());
        long bytes = 0;
        for (ColumnChunkMetaData chunk : chunks(group).toList()) {
            long start = chunk.getStartingPos();
            if (start < 0 || chunk.getTotalSize() < 0 || chunk.getTotalSize() > length - start) {
                throw invalid(
                        file, "column " + chunk.getPath() + " of row group " + group + " lies outside the file", null);
            }
            bytes += chunk.getTotalSize();
        }
        if (bytes > MOST_GROUP_BYTES) {
            throw invalid(
                    file,
                    "row group %d has %,d bytes in %,d rows; at most %,d are read at once: write the file with fewer rows in a row group"
                            .formatted(group, bytes, block.getRowCount(), MOST_GROUP_BYTES),
                    null);
        }
    }

    private static TrainerException invalid(DataFile file, String problem, @Nullable Throwable cause) {
        return new TrainerException(Reason.DataInvalid, file.name() + ": " + problem, cause);
    }

    /** The innermost message: parquet-java's own outer ones are dumps of its state. */
    private static String problem(Throwable e) {
        Throwable at = e;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        String message = at.getMessage();
        return message == null
                ? at.getClass().getSimpleName()
                : message.lines().findFirst().orElse(message);
    }
}
