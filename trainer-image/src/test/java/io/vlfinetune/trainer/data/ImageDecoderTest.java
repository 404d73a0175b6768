package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private final Path folder = Fixtures.pillow().resolve("modes");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "rgb-profile.png",
                "rgba.png",
                "grey.png",
                "grey-alpha.png",
                "bit.png",
                "palette.png",
                "palette-transparent.png",
                "rgb-transparent.png",
                "grey-2bit.png",
                "grey-4bit.png",
                "grey-16bit.png",
                "grey-alpha-16bit.png",
                "rgb-16bit.png",
                "rgba-16bit.png",
                "rgb.jpg",
                "rgb-444.jpg",
                "rgb-422.jpg",
                "progressive.jpg",
                "kept-rgb.jpg",
                "profile.jpg",
                "grey.jpg",
                "lossless.webp",
                "lossless-alpha.webp"
            })
    void givenAnImageOfAnyKindWhenDecodedThenEveryByteIsPillows(String name) throws IOException {
        RgbImage image = ImageDecoder.decode(bytes(name));
        RgbImage expected = ImageDecoder.decode(bytes(name + ".expected.png"));
        assertThat(image.height()).isEqualTo(expected.height());
        assertThat(image.width()).isEqualTo(expected.width());
        assertThat(image.pixels()).isEqualTo(expected.pixels());
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
        assertThatThrownBy(() -> ImageDecoder.decode(bytes("cmyk.jpg"))).hasMessageContaining("CMYK");
        assertThatThrownBy(() -> ImageDecoder.decode(bytes("other.gif")))
                .hasMessage("it is neither PNG, JPEG nor WebP");
        assertThatThrownBy(() -> ImageDecoder.decode(new byte[0])).hasMessage("it is empty");
        assertThatThrownBy(() -> ImageDecoder.decode("<html>".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "palette.png", "rgb.jpg", "progressive.jpg", "grey.jpg", "lossless.webp"})
    void givenATruncatedImageWhenDecodedThenItIsRefused(String name) throws IOException {
        byte[] whole = bytes(name);
        for (int length : new int[] {10, 40, whole.length / 3, whole.length * 2 / 3}) {
            assertThatThrownBy(() -> ImageDecoder.decode(Arrays.copyOf(whole, length)))
                    .as("%s cut at %d of %d", name, length, whole.length)
                    .isInstanceOf(IOException.class);
        }
    }

    private byte[] bytes(String name) throws IOException {
        return Files.readAllBytes(folder.resolve(name));
    }
}
