package io.vlfinetune.cli.resource;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ResourceValidatorTest {
    private final ResourceValidator validator = ResourceValidator.forRuns();

    static Stream<ResourceTable.Case> creations() {
        return ResourceTable.load().creations().stream();
    }

    static Stream<ResourceTable.Case> updates() {
        return ResourceTable.load().updates().stream();
    }

    @ParameterizedTest
    @MethodSource("creations")
    void aResourceToCreateIsJudgedAsByAServer(ResourceTable.Case row) {
        assertFound(row, validator.create(row.resource()).violations());
    }

    @ParameterizedTest
    @MethodSource("updates")
    void aChangeIsJudgedByThePhaseOfTheRun(ResourceTable.Case row) {
        // given the base resource as the server stored it, in some phase
        ObjectNode stored = validator.create(ResourceTable.load().base()).resource();
        stored.putObject("status").put("phase", row.phase());
        // when it is to be replaced
        List<Violation> found = validator.update(row.resource(), stored).violations();
        // then
        assertFound(row, found);
    }

    private static void assertFound(ResourceTable.Case row, List<Violation> found) {
        assertThat(found).as(row.name()).hasSameSizeAs(row.violations());
        for (Violation expected : row.violations()) {
            assertThat(found).as(row.name()).anySatisfy(violation -> {
                assertThat(violation.path()).isEqualTo(expected.path());
                assertThat(violation.message()).contains(expected.message());
            });
        }
    }

    @Test
    void defaultsAreFilledInWhereTheirBlockIsAndNowhereElse() {
        ObjectNode resource = validator.create(ResourceTable.load().base()).resource();
        assertThat(resource.at("/spec/training/batchSize").intValue()).isEqualTo(1);
        assertThat(resource.at("/spec/data/train/0/format").textValue()).isEqualTo("Auto");
        assertThat(resource.at("/spec/resources").isMissingNode()).isTrue();
    }

    @Test
    void aNullCountsAsAbsentAndTheCallersStatusIsDropped() throws Exception {
        ObjectNode resource = ResourceTable.load().base();
        ((ObjectNode) resource.at("/spec/training")).putNull("batchSize");
        resource.putObject("status").put("nonsense", true);

        ResourceValidator.Result result = validator.create(resource);

        assertThat(result.violations()).isEmpty();
        assertThat(result.resource().at("/spec/training/batchSize").intValue()).isEqualTo(1);
        assertThat(result.resource().has("status")).isFalse();
    }

    @Test
    void aMessageNamesFieldValueAndBound() {
        ObjectNode resource = ResourceTable.load().base();
        ((ObjectNode) resource.at("/spec/training")).put("batchSize", 0);
        assertThat(validator.create(resource).violations())
                .hasToString("[spec.training.batchSize: Invalid value: 0: should be greater than or equal to 1]");
    }

    @Test
    void aMisspeltFieldIsMetWithTheNearestName() {
        ObjectNode resource = ResourceTable.load().base();
        ((ObjectNode) resource.at("/spec/training")).put("batchsize", 4);
        assertThat(validator.create(resource).violations())
                .hasToString("[spec.training.batchsize: unknown field, did you mean batchSize?]");
    }

    @Test
    void aProgressReportNeverGoesBack() throws Exception {
        JsonMapper json = new JsonMapper();
        ResourceValidator progress = ResourceValidator.forProgress();
        String form = "{\"metadata\":{\"name\":\"digits-1\"},\"report\":{\"attempt\":1,\"sequence\":%d}}";
        ObjectNode third = (ObjectNode) json.readTree(form.formatted(3));
        ObjectNode second = (ObjectNode) json.readTree(form.formatted(2));
        ObjectNode none = (ObjectNode) json.readTree("{\"metadata\":{\"name\":\"digits-1\"}}");

        assertThat(progress.update(third, second).violations()).isEmpty();
        assertThat(progress.update(second, third).violations())
                .hasToString("[report: Invalid value: a report never goes back: attempt and sequence only rise]");
        assertThat(progress.update(none, third).valid()).isFalse();
    }
}
