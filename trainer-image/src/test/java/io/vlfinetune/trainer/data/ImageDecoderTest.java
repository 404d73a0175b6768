package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private static final String EXPECTED = ".expected.png";

    private final Path folder = Fixtures.pillow().resolve("modes");

    @ParameterizedTest
    @MethodSource("exactKinds")
    void givenAnImageOfAnyKindWhenDecodedThenEveryByteIsPillows(String name) throws IOException {
        RgbImage image = ImageDecoder.decode(bytes(name));
        RgbImage expected = ImageDecoder.decode(bytes(name + ".expected.png"));
        assertThat(image.height()).isEqualTo(expected.height());
        assertThat(image.width()).isEqualTo(expected.width());
        assertThat(image.pixels()).isEqualTo(expected.pixels());
    }

    private static List<String> exactKinds() throws IOException {
        try (Stream<Path> files = Files.list(Fixtures.pillow().resolve("modes"))) {
            List<String> kinds = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(EXPECTED) && !name.startsWith("lossy"))
                    .map(name -> name.substring(0, name.length() - EXPECTED.length()))
                    .sorted()
                    .toList();
            assertThat(kinds).contains("1x1.jpg", "4000x1.webp", "ycck.jpg", "exif-8.png", "animated-corner.webp");
            return kinds;
        }
    }

    /** TwelveMonkeys' VP8 decoder and libwebp upsample chroma differently; lossy WebP is close, not equal. */
    @Test
    void givenALossyWebpWhenDecodedThenItIsCloseToPillows() throws IOException {
        byte[] image = ImageDecoder.decode(bytes("lossy.webp")).pixels();
        byte[] expected = ImageDecoder.decode(bytes("lossy.webp.expected.png")).pixels();
        assertThat(image).hasSameSizeAs(expected);
        long sum = 0;
        int most = 0;
        for (int i = 0; i < image.length; i++) {
            int difference = Math.abs((image[i] & 0xFF) - (expected[i] & 0xFF));
            sum += difference;
            most = Math.max(most, difference);
        }
        assertThat((double) sum / image.length).isLessThan(4);
        assertThat(most).isLessThan(25);
    }

    @Test
    void givenOtherKindsOfImagesThenTheMessageSaysWhatIsWrong() {
        assertThatThrownBy(() -> ImageDecoder.decode(bytes("other.gif")))
                .hasMessage("it is a GIF, which is not read; convert the frame you mean to PNG");
        assertThatThrownBy(() -> ImageDecoder.decode("BM, a bitmap".getBytes(StandardCharsets.UTF_8)))
                .hasMessage("it is neither PNG, JPEG nor WebP");
        assertThatThrownBy(() -> ImageDecoder.decode(new byte[0])).hasMessage("it is empty");
        assertThatThrownBy(() -> ImageDecoder.decode("<html>".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "palette.png",
                "rgb.jpg",
                "progressive.jpg",
                "grey.jpg",
                "cmyk.jpg",
                "exif-6.jpg",
                "lossless.webp",
                "exif.webp",
                "animated.webp"
            })
    void givenATruncatedImageWhenDecodedThenItIsRefused(String name) throws IOException {
        byte[] whole = bytes(name);
        for (int length : new int[] {10, 40, whole.length / 3, whole.length * 2 / 3}) {
            assertThatThrownBy(() -> ImageDecoder.decode(Arrays.copyOf(whole, length)))
                    .as("%s cut at %d of %d", name, length, whole.length)
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void givenDamagedMetadataWhenDecodedThenTheImageIsReadAsIfItHadNone() throws IOException {
        byte[] upright = ImageDecoder.decode(bytes("exif-1.jpg")).pixels();
        byte[] turned = bytes("exif-6.jpg");
        int tiff = new String(turned, StandardCharsets.ISO_8859_1).indexOf("Exif") + 6;
        for (int at = tiff; at < tiff + 14; at++) {
            byte[] damaged = turned.clone();
            damaged[at] = (byte) 0xFF;
            if (at - tiff != 8 && at - tiff != 9) { // the number of entries: more of them do no damage
                assertThat(ImageDecoder.decode(damaged).pixels())
                        .as("byte %d", at - tiff)
                        .isEqualTo(upright);
            }
        }
    }

    private byte[] bytes(String name) throws IOException {
        return Files.readAllBytes(folder.resolve(name));
    }
}
