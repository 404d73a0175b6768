package io.vlfinetune.e2e.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.Phase;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.e2e.faults.Ground;
import io.vlfinetune.e2e.faults.Lives;
import io.vlfinetune.e2e.faults.OnGround;
import io.vlfinetune.e2e.faults.RunRecord;
import io.vlfinetune.e2e.faults.Traffic;
import io.vlfinetune.e2e.faults.User;
import io.vlfinetune.operator.conditions.Conditions;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every field of the spec through values that nobody should write. All are offered to the server; of those that it takes,
 * a sample ({@code -Dfaults.seed=…}), or all by {@code -Dfaults.full=true}, is given to the operator.
 */
@ExtendWith(OnGround.class)
class SpecFuzzTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final long SEED = Long.getLong("faults.seed", 20_260_101L);
    private static final int SAMPLE = 60;
    private static final int BATCH = 30;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** From taking up to the end, with a change of the spec and some refused tries between. */
    private static final int REQUESTS_PER_RUN = 60;

    @Test
    void givenAnyValueOfAnyFieldThenItIsRefusedByNameOrTakenUpAndLeftAgain(Ground ground) throws Exception {
        ObjectNode good = goodSpec();
        List<Mutation> mutations = SchemaWalk.of(schema(), good);
        String namespace = ground.namespace();
        List<String> wrong = new ArrayList<>();
        List<Mutation> accepted = new ArrayList<>();
        for (Mutation mutation : mutations) {
            Optional<KubernetesClientException> refusal = offer(ground, namespace, mutation);
            if (refusal.isEmpty()) {
                accepted.add(mutation);
            } else {
                unclear(mutation, refusal.get()).ifPresent(wrong::add);
            }
        }
        assertThat(mutations).hasSizeGreaterThan(1_000);
        assertThat(accepted).hasSizeGreaterThan(100);

        Collections.shuffle(accepted, new Random(SEED));
        List<Mutation> chosen =
                Boolean.getBoolean("faults.full") ? accepted : accepted.subList(0, Math.min(SAMPLE, accepted.size()));
        for (int from = 0; from < chosen.size(); from += BATCH) {
            wrong.addAll(live(ground, chosen.subList(from, Math.min(from + BATCH, chosen.size())), good));
        }
        System.out.printf(
                "spec fuzz: %d specs, %d refused by the server, %d of %d others given to the operator, %d wrong%n",
                mutations.size(), mutations.size() - accepted.size(), chosen.size(), accepted.size(), wrong.size());
        assertThat(wrong).isEmpty();
    }

    private static Optional<KubernetesClientException> offer(Ground ground, String namespace, Mutation mutation) {
        try {
            String path = "/apis/vlfinetune.io/v1alpha1/namespaces/%s/vlfinetunes?dryRun=All".formatted(namespace);
            ground.client().raw(path, "POST", resource(namespace, "fuzz", mutation.spec()));
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return Optional.of(e);
        }
    }

    /** A refusal has to name the field, something in it, what it lies in, or what lies beside it. */
    private static Optional<String> unclear(Mutation mutation, KubernetesClientException refusal) {
        boolean invalid = refusal.getCode() == 422 || refusal.getCode() == 400;
        List<StatusCause> causes =
                refusal.getStatus() == null || refusal.getStatus().getDetails() == null
                        ? List.of()
                        : refusal.getStatus().getDetails().getCauses();
        String parent = mutation.field().replaceFirst("\\.[^.]*$", "");
        String last = mutation.field().replaceFirst(".*\\.", "");
        boolean named = causes.stream()
                        .map(StatusCause::getField)
                        .filter(Objects::nonNull)
                        .anyMatch(field -> !field.isBlank()
                                && (field.startsWith(parent) || mutation.field().startsWith(field)))
                || Objects.requireNonNullElse(refusal.getMessage(), "").contains(last);
        return invalid && named
                ? Optional.empty()
                : Optional.of("%s: refused with %d, and the field is not named: %s"
                        .formatted(mutation, refusal.getCode(), refusal.getMessage()));
    }

    /** One operator takes up a batch, says how it stands with each run, and finishes each once its spec is good. */
    private static List<String> live(Ground ground, List<Mutation> batch, ObjectNode good) throws Exception {
        String namespace = ground.namespace();
        Traffic traffic = Traffic.undisturbed();
        List<String> wrong = new ArrayList<>();
        try (Lives operator = ground.operator(namespace, traffic, null)) {
            operator.awaitStart(PATIENCE.toMillis());
            Map<User, Mutation> runs = new LinkedHashMap<>();
            for (Mutation mutation : batch) {
                User user = ground.user(namespace, "fuzz-" + runs.size());
                ground.client()
                        .resource(JSON.treeToValue(
                                resource(namespace, user.run(), mutation.spec()), GenericKubernetesResource.class))
                        .create();
                runs.put(user, mutation);
            }
            runs.forEach((user, mutation) -> await(
                    wrong, mutation + ": nothing is said of it", () -> elsewhere(mutation) || clear(user.record())));
            runs.forEach((user, mutation) -> repair(wrong, user, mutation, good));
            runs.forEach((user, mutation) -> await(
                    wrong,
                    "%s: does not recover, %s".formatted(mutation, user.record().story()),
                    () -> elsewhere(mutation) || user.record().phase() == Phase.Succeeded));
            if (operator.count() != 1) {
                wrong.add("the operator lived %d times".formatted(operator.count()));
            }
        }
        if (traffic.calls().size() > batch.size() * REQUESTS_PER_RUN) {
            wrong.add("%d requests for %d runs".formatted(traffic.calls().size(), batch.size()));
        }
        return wrong;
    }

    /** A run that is declared to be somebody else's. */
    private static boolean elsewhere(Mutation mutation) {
        return mutation.spec().path("managedBy").isTextual();
    }

    private static boolean clear(RunRecord record) {
        return Conditions.find(record.status().conditions(), ConditionType.Ready)
                .filter(condition ->
                        !condition.reason().isBlank() && !condition.message().isBlank())
                .isPresent();
    }

    private static void await(List<String> wrong, String what, BooleanSupplier done) {
        try {
            User.await(what, PATIENCE, done);
        } catch (AssertionError e) {
            wrong.add(Objects.requireNonNullElse(e.getMessage(), what));
        }
    }

    /** What is in force cannot be changed but by suspending it first, and a Job that was made stays as it was made. */
    private static void repair(List<String> wrong, User user, Mutation mutation, ObjectNode good) {
        if (elsewhere(mutation) || RunRecord.finished(user.record().status())) {
            return;
        }
        try {
            user.suspend(true);
            await(
                    wrong,
                    mutation + ": cannot be suspended",
                    () -> user.record().phase() == Phase.Suspended
                            || RunRecord.finished(user.record().status()));
            replace(user, good);
        } catch (KubernetesClientException e) {
            // A run that has succeeded meanwhile stays as it is, and has recovered by itself.
            if (user.record().phase() != Phase.Succeeded) {
                wrong.add("%s: the good spec is refused: %s".formatted(mutation, e.getMessage()));
            }
        }
    }

    private static void replace(User user, ObjectNode good) {
        user.client()
                .resources(VLFineTune.class)
                .inNamespace(user.namespace())
                .withName(user.run())
                .patch(
                        PatchContext.of(PatchType.JSON),
                        "[{\"op\":\"replace\",\"path\":\"/spec\",\"value\":%s}]".formatted(good));
    }

    private static JsonNode schema() throws IOException {
        try (InputStream in = Objects.requireNonNull(
                SpecFuzzTest.class.getResourceAsStream("/META-INF/vlfinetune/crds/vlfinetunes.vlfinetune.io.yaml"))) {
            CustomResourceDefinition definition = Serialization.unmarshal(in, CustomResourceDefinition.class);
            return JSON.valueToTree(definition
                            .getSpec()
                            .getVersions()
                            .getFirst()
                            .getSchema()
                            .getOpenAPIV3Schema())
                    .at("/properties/spec");
        }
    }

    private static ObjectNode goodSpec() {
        GenericKubernetesResource run =
                Serialization.unmarshal(User.yaml("any", "any", "fine"), GenericKubernetesResource.class);
        return JSON.valueToTree(run.getAdditionalProperties().get("spec"));
    }

    private static ObjectNode resource(String namespace, String name, ObjectNode spec) {
        ObjectNode run = JSON.createObjectNode()
                .put("apiVersion", "vlfinetune.io/v1alpha1")
                .put("kind", "VLFineTune");
        run.putObject("metadata").put("name", name).put("namespace", namespace);
        run.set("spec", spec);
        return run;
    }
}
