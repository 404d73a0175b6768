package io.vlfinetune.cli.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResourceFileTest {
    private static final String HEAD = "apiVersion: vlfinetune.io/v1alpha1\nkind: VLFineTune\n";

    @TempDir
    Path folder;

    private Path file(String text) throws Exception {
        return Files.writeString(folder.resolve("run.yaml"), text);
    }

    private String messageOf(String text) throws Exception {
        Path file = file(text);
        try {
            ResourceFile.read(file);
        } catch (ResourceException e) {
            return e.getMessage().replace(folder + "/", "");
        }
        throw new AssertionError("was read without a complaint");
    }

    @Test
    void everyDocumentOfAFileIsRead() throws Exception {
        Path file = file(HEAD + "metadata: {name: a}\n---\n# nothing\n---\n" + HEAD + "metadata: {name: b}\n");
        assertThat(ResourceFile.read(file)).extracting(ResourceDocument::name).containsExactly("a", "b");
    }

    @Test
    void aRelativeFileUriIsRelativeToTheYamlFile() throws Exception {
        Path file =
                file(HEAD + "spec:\n  model: {source: 'file://./base'}\n  data: {train: [{source: 'file://../d'}]}\n");
        ResourceDocument document = ResourceFile.read(file).getFirst();
        assertThat(document.content().at("/spec/model/source").textValue()).isEqualTo("file://" + folder + "/base");
        assertThat(document.content().at("/spec/data/train/0/source").textValue())
                .isEqualTo("file://" + folder.getParent() + "/d");
    }

    @Test
    void aFileUriThatIsNeitherAbsoluteNorRelativeIsRefused() throws Exception {
        assertThat(messageOf(HEAD + "spec:\n  model:\n    source: file://base\n"))
                .isEqualTo("run.yaml:5: spec.model.source: Invalid value: \"file://base\": write file:///absolute/path,"
                        + " or file://./path for a path relative to this file");
    }

    @Test
    void aViolationIsShownWithItsLineOrThatOfTheFieldAbove() throws Exception {
        Path file = file(HEAD + "metadata:\n  name: a\nspec:\n  training:\n    batchSize: 0\n");
        ResourceDocument document = ResourceFile.read(file).getFirst();
        List<String> problems = ResourceValidator.forRuns().create(document.content()).violations().stream()
                .map(document::describe)
                .toList();
        assertThat(problems)
                .contains(
                        file + ":7: spec.training.batchSize: Invalid value: 0: should be greater than or equal to 1",
                        file + ":5: spec.model: Required value");
    }

    @Test
    void anotherKindIsRefused() throws Exception {
        assertThat(messageOf("apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n"))
                .isEqualTo("run.yaml:1: apiVersion: Unsupported value: \"batch/v1\": supported values:"
                        + " \"vlfinetune.io/v1alpha1\"\n"
                        + "run.yaml:2: kind: Unsupported value: \"Job\": supported values: \"VLFineTune\"");
    }

    @Test
    void aFileThatIsNoYamlIsRefusedWithItsLine() throws Exception {
        assertThat(messageOf(HEAD + "spec: [\n")).startsWith("run.yaml:4: not YAML: ");
        assertThat(messageOf(HEAD + "spec: &a {b: *a}\n")).startsWith("run.yaml");
        assertThat(messageOf("- 1\n")).startsWith("run.yaml:1: a resource is a mapping");
        assertThat(messageOf("")).isEqualTo("run.yaml: no resource in this file");
    }

    @Test
    void aRepeatedFieldIsRefused() throws Exception {
        assertThat(messageOf(HEAD + "spec:\n  training:\n    steps: 1\n    steps: 2\n"))
                .isEqualTo("run.yaml:6: spec.training.steps: the field appears twice");
    }

    @Test
    void aFileThatIsNotThereOrNoTextIsRefused() throws Exception {
        assertThatThrownBy(() -> ResourceFile.read(folder.resolve("none.yaml")))
                .isInstanceOf(ResourceException.class)
                .hasMessage(folder.resolve("none.yaml") + ": no such file");
        Path binary = Files.write(folder.resolve("binary.yaml"), "ÿþ".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> ResourceFile.read(binary)).hasMessage(binary + ": not UTF-8 text");
    }
}
