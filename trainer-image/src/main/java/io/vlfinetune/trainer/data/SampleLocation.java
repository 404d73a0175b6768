package io.vlfinetune.trainer.data;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import org.jspecify.annotations.Nullable;

/**
 * Where a sample stands: in a file with one object a line ({@code train.jsonl:17}), or in one that is an array
 * ({@code train.json[3] (line 12)}), or in a row of a Parquet file ({@code train.parquet[3]}).
 *
 * @param file the file as the user knows it
 * @param element the index in the array or the number of the row, from 0; negative in a file with one object a line
 * @param line the line of the file on which the sample begins, from 1; 0 where a file has no lines
 */
public record SampleLocation(String file, int element, int line) {
    /** A sample in a file with one object a line. */
    public static SampleLocation ofLine(String file, int line) {
        return new SampleLocation(file, -1, line);
    }

    /** A sample in a file that is one array. */
    public static SampleLocation ofElement(String file, int element, int line) {
        return new SampleLocation(file, element, line);
    }

    /** A sample in a Parquet file, whose rows are counted through all its row groups. */
    public static SampleLocation ofRow(String file, int row) {
        return new SampleLocation(file, row, 0);
    }

    /** The failure of this sample, to be thrown: {@code train.jsonl:17: <problem>}. */
    public TrainerException invalid(String problem) {
        return invalid(problem, null);
    }

    /** The failure of this sample with what lies beneath it, to be thrown. */
    public TrainerException invalid(String problem, @Nullable Throwable cause) {
        return new TrainerException(Reason.DataInvalid, this + ": " + problem, cause);
    }

    @Override
    public String toString() {
        if (element < 0) {
            return file + ":" + line;
        }
        return file + "[" + element + "]" + (line > 0 ? " (line " + line + ")" : "");
    }
}
