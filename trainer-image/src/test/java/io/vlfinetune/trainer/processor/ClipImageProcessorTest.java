package io.vlfinetune.trainer.processor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.data.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipImageProcessorTest {
    private static final String RAW = "\"do_resize\": false, \"do_rescale\": false, \"do_normalize\": false";

    @TempDir
    private Path folder;

    @Test
    void givenALargerImageWhenCroppedThenTheCentreStays() throws IOException {
        Pixels pixels = open("{%s, \"crop_size\": {\"height\": 2, \"width\": 1}}".formatted(RAW))
                .process(image(5, 4));
        assertThat(firstChannel(pixels)).containsExactly(11, 21);
    }

    /** As {@code transformers.image_transforms.center_crop} works out a 1 x 4 image to 4 x 2. */
    @Test
    void givenASmallerImageWhenCroppedThenZerosSurroundItOddOnesFirst() throws IOException {
        Pixels pixels = open("{%s, \"crop_size\": {\"height\": 4, \"width\": 2}}".formatted(RAW))
                .process(image(1, 4));
        assertThat(firstChannel(pixels)).containsExactly(0, 0, 0, 0, 1, 2, 0, 0);
    }

    @ParameterizedTest
    @CsvSource({"100,75,6,5", "75,100,5,6", "64,64,5,5"})
    void givenAShortestEdgeWhenResizedThenTheOtherEdgeIsCutToAWholePixel(
            int width, int height, int newWidth, int newHeight) throws IOException {
        ClipImageProcessor processor = open("{\"size\": {\"shortest_edge\": 5}, \"do_center_crop\": false}");
        Pixels pixels = processor.process(new RgbImage(new byte[3 * width * height], height, width));
        // int(5 * 100 / 75) is 6, not 7
        assertThat(pixels.width()).isEqualTo(newWidth);
        assertThat(pixels.height()).isEqualTo(newHeight);
        assertThat(processor.squareSize()).isEmpty();
    }

    /** 336 x 2,352,000 pixels are more than an array holds. */
    @Test
    void givenAnImageThatWouldBecomeTooLongThenItIsRefusedWithBothSizes() throws IOException {
        ClipImageProcessor processor = open("{\"size\": {\"shortest_edge\": 336}}");
        assertThatThrownBy(() -> processor.process(image(7000, 1)))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("7000 x 1 pixels (height x width) would become one of 2352000 x 336");
        assertThatThrownBy(() -> processor.process(image(1, 7000_000)))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("1 x 7000000 pixels");
    }

    @Test
    void givenOldSizesInWholeNumbersWhenOpenedThenTheyMeanWhatTheyMeantThen() throws IOException {
        ClipImageProcessor processor = open("{\"size\": 8, \"crop_size\": 6}");
        Pixels pixels = processor.process(image(3, 9));
        assertThat(pixels.height()).isEqualTo(6);
        assertThat(pixels.width()).isEqualTo(6);
        assertThat(processor.squareSize()).hasValue(6);
        assertThat(open("{}").squareSize()).hasValue(224);
        assertThat(open("{\"size\": {\"height\": 9, \"width\": 9}, \"do_center_crop\": false}")
                        .squareSize())
                .hasValue(9);
    }

    @Test
    void givenSwitchesWhenProcessedThenOnlyWhatIsOnIsDone() throws IOException {
        String noResize = "\"do_resize\": false, \"do_center_crop\": false";
        RgbImage white = new RgbImage(new byte[] {-1, -1, -1}, 1, 1);
        assertThat(open("{%s, \"do_normalize\": false}".formatted(noResize))
                        .process(white)
                        .values())
                .containsExactly(1, 1, 1);
        assertThat(open("{%s, \"image_mean\": [0.5, 0.25, 0], \"image_std\": [0.5, 0.5, 2]}".formatted(noResize))
                        .process(white)
                        .values())
                .containsExactly(1, 1.5f, 0.5f);
        assertThat(open("{%s, \"do_rescale\": false, \"image_mean\": 5, \"image_std\": 10}".formatted(noResize))
                        .process(white)
                        .values())
                .containsExactly(25, 25, 25);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"resample": 0}                        | resample: 0 is not supported; supported: 1 (Lanczos), 2 (bilinear), 3 (bicubic)
            {"resample": 4}                        | resample: 4 is not supported
            {"image_processor_type": "ViTImageProcessor"} | image_processor_type: "ViTImageProcessor" is not supported; supported: CLIPImageProcessor
            {"size": {"longest_edge": 5}}          | size: {"longest_edge":5} is not supported; supported: height and width, or shortest_edge alone
            {"crop_size": {"shortest_edge": 5}}    | crop_size: {"shortest_edge":5} is not supported; supported: height and width
            {"crop_size": 0}                       | crop_size: 0 is not supported; supported: a whole number of at least 1
            {"image_mean": [1, 2]}                 | image_mean: [1,2] is not supported; supported: three numbers
            {"do_resize": "yes"}                   | do_resize: "yes" is not supported; supported: true or false
            {"rescale_factor": "x"}                | rescale_factor: "x" is not supported; supported: a number
            {"do_pad": true}                       | do_pad: true is not supported; supported: false
            """)
    void givenWhatIsNotSupportedWhenOpenedThenFileAndFieldAreNamed(String json, String problem) {
        assertThatThrownBy(() -> open(json))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining("preprocessor_config.json: " + problem);
    }

    private ClipImageProcessor open(String json) throws IOException {
        Files.writeString(folder.resolve("preprocessor_config.json"), json);
        return ClipImageProcessor.open(folder);
    }

    /** Every channel of row y and column x is 10 y + x. */
    private static RgbImage image(int height, int width) {
        byte[] pixels = new byte[3 * height * width];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (10 * (i / 3 / width) + i / 3 % width);
        }
        return new RgbImage(pixels, height, width);
    }

    private static float[] firstChannel(Pixels pixels) {
        return java.util.Arrays.copyOf(pixels.values(), pixels.height() * pixels.width());
    }
}
