package io.vlfinetune.trainer.processor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PythonTextTest {
    @Test
    void givenWhiteSpaceOfPythonOnBothSidesThenItGoesAndNothingElse() {
        String spaces =
                "\t\n\u000B\f\r\u001C\u001D\u001E\u001F \u0085\u00A0\u1680\u2000\u200A\u2028\u2029\u202F\u205F\u3000";
        assertThat(PythonText.strip(spaces + "a b" + spaces)).isEqualTo("a b");
        assertThat(PythonText.strip(spaces)).isEmpty();
        assertThat(PythonText.strip("\u200B\uFEFF")).isEqualTo("\u200B\uFEFF");
    }
}
