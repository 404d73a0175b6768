package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vlfinetune.trainer.processor.PilResize;
import io.vlfinetune.trainer.processor.Resample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PilResizeTest {
    private final Path folder = Fixtures.pillow().resolve("resize");

    @ParameterizedTest
    @EnumSource(Resample.class)
    void givenAnImageWhenResizedUpOrDownThenEveryByteIsPillows(Resample filter) throws IOException {
        RgbImage source = read("source.png");
        int compared = 0;
        for (int[] size : new int[][] {{28, 28}, {110, 90}, {13, 43}, {61, 9}, {1, 1}, {7, 80}, {61, 43}}) {
            String name = filter.name().toLowerCase(Locale.ROOT) + "-" + size[0] + "x" + size[1] + ".png";
            RgbImage resized = PilResize.resize(source, size[1], size[0], filter);
            assertThat(resized.pixels()).as(name).isEqualTo(read(name).pixels());
            compared++;
        }
        assertThat(compared).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "3,0", "2,5"})
    void givenBytesThatAreNoImageThenTheRecordRefusesThem(int height, int width) {
        assertThatIllegalArgumentException().isThrownBy(() -> new RgbImage(new byte[3], height, width));
    }

    private RgbImage read(String name) throws IOException {
        return ImageDecoder.decode(Files.readAllBytes(folder.resolve(name)));
    }
}
