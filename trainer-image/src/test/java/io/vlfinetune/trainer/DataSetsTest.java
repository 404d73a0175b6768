package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.trainer.data.DataFile;
import io.vlfinetune.trainer.data.Dataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSetsTest {
    @TempDir
    private Path folder;

    @Test
    void givenFilesInTwoFoldersWithoutAMediaRootThenEachHasTheImagesOfItsOwnFolder() throws IOException {
        TestRun run = new TestRun(folder);
        List<DataFile> files = List.of(
                file(run.data().resolve("a"), run.data().resolve("sample.png")),
                file(run.data().resolve("b"), run.data().resolve("sample2.png")));
        try (PlannedModel planned = PlannedModel.open(run.model(), FreezeSpec.NOTHING);
                DataSets sets = DataSets.of(planned, 4096)) {
            Dataset both = sets.open(files, null);
            float[] first = pixels(both, 0);
            float[] second = pixels(both, 1);

            assertThat(first).isNotEqualTo(second);
            assertThat(pixels(sets.open(files.subList(1, 2), null), 0)).isEqualTo(second);
            assertThat(pixels(sets.open(files, run.data().resolve("a")), 1)).isEqualTo(first);
            long ofFirst = Files.size(run.data().resolve("a/images/0001.png"));
            long ofSecond = Files.size(run.data().resolve("b/images/0001.png"));
            assertThat(ofFirst).as("tells them apart").isNotEqualTo(ofSecond);
            assertThat(both.imageBytes()).containsExactly(ofFirst, ofSecond);
        }
    }

    private static float[] pixels(Dataset data, int index) {
        return data.get(index).images().getFirst().values();
    }

    /** One question about images/0001.png. */
    private static DataFile file(Path place, Path image) throws IOException {
        Files.createDirectories(place.resolve("images"));
        Files.copy(image, place.resolve("images/0001.png"));
        Path file = place.resolve("train.jsonl");
        Files.writeString(file, TestRun.sample("images/0001.png", "<image>?", "ja") + "\n");
        return new DataFile(file, DataFormat.Auto);
    }
}
