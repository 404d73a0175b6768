package io.vlfinetune.trainer.processor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    @Test
    void givenSpecialTokensInTheTextWhenEncodedThenTheyAreThoseTokens() {
        try (Tokenizer tokenizer = Tokenizer.open(Fixtures.llava())) {
            TokenizedText text =
                    tokenizer.encode("USER: <image>\nWhich digit is this? ASSISTANT: It is the digit three.</s>", true);
            // input_ids of golden.json with one image token instead of 16
            assertThat(text.ids())
                    .containsExactly(
                            1, 525, 301, 529, 301, 13, 397, 421, 309, 340, 508, 528, 395, 340, 310, 309, 494, 2);
            assertThat(text.starts()[0]).isEqualTo(-1);
            assertThat(text.starts()[3]).isEqualTo(6);
            assertThat(text.starts()[17])
                    .isEqualTo("USER: <image>\nWhich digit is this? ASSISTANT: It is the digit three.".length());
            assertThat(tokenizer.idOf("<image>")).hasValue(529);
            assertThat(tokenizer.idOf("<none>")).isEmpty();
        }
    }

    @Test
    void givenALongTextWhenEncodedThenNothingIsCut() {
        try (Tokenizer tokenizer = Tokenizer.open(Fixtures.llava())) {
            assertThat(tokenizer.encode("<image>".repeat(5000), true).ids()).hasSize(5001);
        }
    }

    @Test
    void givenCharactersBeyondTheBasicPlaneWhenEncodedThenStartsCountJavasChars() {
        try (Tokenizer tokenizer = Tokenizer.open(Fixtures.llava())) {
            TokenizedText text = tokenizer.encode("😀😀<image>é</s>", true);
            int image = indexOf(text.ids(), 529);
            assertThat(text.starts()[image]).isEqualTo(4);
            assertThat(text.starts()[text.ids().length - 1]).isEqualTo(12);
            int[] labels = text.labels(List.of(new RenderedText.Span(11, 12)));
            // é becomes a prefix block and two byte tokens, all of which begin at it
            assertThat(Arrays.stream(labels)
                            .filter(label -> label != TokenizedText.IGNORED)
                            .count())
                    .isBetween(2L, 3L);
        }
    }

    @Test
    void givenNoOrADamagedTokenizerWhenOpenedThenTheFileIsNamed(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOfSatisfying(
                        TrainerException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ModelUnsupported))
                .hasMessageContaining("tokenizer.json is missing");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 3}");
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(TrainerException.class)
                .hasMessageContaining("tokenizer.json is not a tokenizer that can be read");
    }

    private static int indexOf(int[] ids, int id) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == id) {
                return i;
            }
        }
        throw new AssertionError(id + " is not among " + Arrays.toString(ids));
    }
}
