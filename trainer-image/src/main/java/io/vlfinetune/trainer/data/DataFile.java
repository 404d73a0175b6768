package io.vlfinetune.trainer.data;

import io.vlfinetune.api.DataFormat;
import java.nio.file.Path;

/**
 * A file with samples: {@code .jsonl} with one object a line, {@code .json} with one array, or
 * {@code .parquet} with one row a sample.
 *
 * @param path where it lies on this machine
 * @param name what the user calls it, for error messages
 * @param format how a sample describes a conversation
 */
public record DataFile(Path path, String name, DataFormat format) {
    /** A file that error messages call by its path. */
    public DataFile(Path path, DataFormat format) {
        this(path, path.toString(), format);
    }
}
