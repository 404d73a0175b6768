package io.vlfinetune.operator.reconcile;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.vlfinetune.api.Condition;
import io.vlfinetune.api.ConditionType;
import io.vlfinetune.api.LifecycleSpec;
import io.vlfinetune.api.ResourcesSpec;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.ProgressReport;
import io.vlfinetune.operator.OperatorConfiguration;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.attempt.AttemptFacts;
import io.vlfinetune.operator.attempt.Children;
import io.vlfinetune.operator.attempt.JobFacts;
import io.vlfinetune.operator.attempt.PodFacts;
import io.vlfinetune.operator.conditions.Conditions;
import io.vlfinetune.operator.queue.Admission;
import io.vlfinetune.operator.queue.QuotaFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The life of a run without a cluster: plans are carried out on facts alone. */
final class Life {
    final VLFineTune run;
    final Planner planner;
    final Map<Integer, AttemptFacts> attempts = new TreeMap<>();
    final List<PodFacts> strangers = new ArrayList<>();
    final List<String> leftovers = new ArrayList<>();
    final List<Action> done = new ArrayList<>();
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    Instant lastWrite;
    int writes;

    Life(VLFineTune run, OperatorConfiguration configuration) {
        this.run = run;
        this.planner = new Planner(configuration, (uid, attempt) -> 0);
    }

    /** Plans and carries out, once. */
    Plan step() {
        Plan plan = planner.plan(run, observed(), now);
        plan.actions().forEach(this::act);
        if (!plan.status().equals(status())) {
            run.setStatus(plan.status());
            lastWrite = now;
            writes++;
        }
        return plan;
    }

    Life after(Duration time) {
        now = now.plus(time);
        return this;
    }

    VLFineTuneStatus status() {
        return Objects.requireNonNullElse(run.getStatus(), VLFineTuneStatus.EMPTY);
    }

    Condition condition(ConditionType type) {
        return Conditions.find(status().conditions(), type).orElseThrow();
    }

    /** Whether a condition is there, in short: {@code True/Started}. */
    String brief(ConditionType type) {
        return condition(type).status() + "/" + condition(type).reason();
    }

    /** Kinds of the actions since a number of them, and the state that they led to. */
    String brief(int since) {
        return done.subList(since, done.size()).stream()
                        .map(action -> action.getClass().getSimpleName())
                        .toList()
                + " in " + status().phase() + ", attempt " + status().attempt();
    }

    int top() {
        return attempts.keySet().stream().mapToInt(number -> number).max().orElse(0);
    }

    /** The trainer reports, now. */
    Life report(ProgressReport said) {
        AttemptFacts facts = attempts.get(said.attempt());
        ProgressReport report = new ProgressReport(
                said.attempt(),
                said.sequence(),
                now.toString(),
                said.state(),
                said.resumedFromStep(),
                said.model(),
                said.data(),
                said.plan(),
                said.progress(),
                said.metrics(),
                said.checkpoint(),
                said.lastWord());
        attempts.put(
                facts.number(),
                new AttemptFacts(facts.number(), facts.firstAttempt(), facts.job(), facts.pods(), report));
        return this;
    }

    Life pod(PodFacts pod) {
        AttemptFacts facts = attempts.get(top());
        attempts.put(
                facts.number(),
                new AttemptFacts(facts.number(), facts.firstAttempt(), facts.job(), List.of(pod), facts.report()));
        return this;
    }

    Life waiting(String reason, String message) {
        return pod(new PodFacts(
                podName(),
                "uid-" + top(),
                now,
                null,
                false,
                null,
                false,
                false,
                null,
                new PodFacts.Waiting(reason, message, "image:1")));
    }

    Life running() {
        return pod(new PodFacts(podName(), "uid-" + top(), now, now, false, null, false, false, null, null));
    }

    Life exits(int code, boolean oomKilled, String message) {
        return pod(new PodFacts(podName(), "uid-" + top(), now, null, true, code, oomKilled, false, message, null));
    }

    Life exits(int code, LastWord word) {
        return exits(code, false, json(word));
    }

    Life podDeleted() {
        AttemptFacts facts = attempts.get(top());
        attempts.put(
                facts.number(),
                new AttemptFacts(facts.number(), facts.firstAttempt(), facts.job(), List.of(), facts.report()));
        return this;
    }

    Life jobComplete() {
        return jobEnded(new JobFacts.End(true, "CompletionsReached", "Reached expected number of succeeded pods", now));
    }

    Life jobFailed(String reason, String message) {
        return jobEnded(new JobFacts.End(false, reason, message, now));
    }

    Life jobFailed() {
        return jobFailed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }

    Life jobDeleted() {
        AttemptFacts facts = attempts.get(top());
        attempts.put(
                facts.number(),
                new AttemptFacts(facts.number(), facts.firstAttempt(), null, List.of(), facts.report()));
        return this;
    }

    /** The Job is deleted but not gone yet, as with foreground deletion. */
    Life jobDeleting() {
        attempts.compute(top(), (_, attempt) -> deleting(attempt, attempt.job().uid()));
        return this;
    }

    /** The Job is deleted and its pods are left to themselves. */
    Life jobOrphansItsPods() {
        return job(null);
    }

    /** Jobs, pods and progress objects: all are deleted. */
    Life childrenDeleted() {
        attempts.clear();
        return this;
    }

    /** Kueue holds the Job back or lets it go, and says something of its quota. */
    Life admission(boolean suspended, @Nullable QuotaFacts quota) {
        JobFacts job = attempts.get(top()).job();
        return job(new JobFacts(
                job.name(),
                job.uid(),
                job.attempt(),
                job.firstAttempt(),
                job.created(),
                job.deleting(),
                job.end(),
                job.madeFrom(),
                new Admission(suspended, job.admission().queue(), quota)));
    }

    /** Another {@code spec.lifecycle}, in YAML's one-line form. */
    Life lifecycle(String json) {
        try {
            return spec(run.getSpec().resources(), Json.strict().readValue(json, LifecycleSpec.class));
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /** The user takes the scratch volume out of the spec. */
    Life withoutScratch() {
        ResourcesSpec resources = run.getSpec().resources();
        return spec(
                new ResourcesSpec(resources.gpus(), resources.gpuResource(), resources.cpu(), resources.memory(), null),
                run.getSpec().lifecycle());
    }

    private Life spec(ResourcesSpec resources, LifecycleSpec lifecycle) {
        run.setSpec(Samples.with(run.getSpec(), resources, lifecycle));
        return changeSpec();
    }

    Life annotate(String key, String value) {
        run.getMetadata().setAnnotations(Map.of(key, value));
        return this;
    }

    /** Kubernetes takes the pod away; the Job controller will bring another one. */
    Life evicted() {
        return pod(new PodFacts(podName(), "uid-" + top(), now, null, true, 40, false, true, null, null));
    }

    /** The pod that comes in the place of an evicted one. */
    Life replaced(String suffix) {
        return pod(new PodFacts(
                "digits-" + top() + "-0-" + suffix, "uid-" + top(), now, now, false, null, false, false, null, null));
    }

    Life changeSpec() {
        run.getMetadata().setGeneration(run.getMetadata().getGeneration() + 1);
        return this;
    }

    static AttemptFacts withoutJob(AttemptFacts facts) {
        return new AttemptFacts(facts.number(), facts.firstAttempt(), null, facts.pods(), facts.report());
    }

    static String json(LastWord word) {
        try {
            return Json.strict().writeValueAsString(word);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    Observed observed() {
        List<PodFacts> live = new ArrayList<>(strangers);
        attempts.values().stream()
                .flatMap(attempt -> attempt.pods().stream())
                .filter(pod -> !pod.terminal())
                .forEach(live::add);
        return new Observed(List.copyOf(attempts.values()), live, leftovers, lastWrite);
    }

    private Life jobEnded(JobFacts.End end) {
        JobFacts job = attempts.get(top()).job();
        return job(new JobFacts(
                job.name(),
                job.uid(),
                job.attempt(),
                job.firstAttempt(),
                job.created(),
                job.deleting(),
                end,
                job.madeFrom(),
                job.admission()));
    }

    private Life job(@Nullable JobFacts job) {
        AttemptFacts facts = attempts.get(top());
        attempts.put(
                facts.number(),
                new AttemptFacts(facts.number(), facts.firstAttempt(), job, facts.pods(), facts.report()));
        return this;
    }

    private String podName() {
        return "digits-" + top() + "-0-abcde";
    }

    private void act(Action action) {
        done.add(action);
        switch (action) {
            case Action.CreateProgress create -> {
                int number = number(create.progress().getMetadata().getLabels());
                attempts.putIfAbsent(number, new AttemptFacts(number, first(create.progress()), null, List.of(), null));
            }
            case Action.CreateJob create -> {
                int number = number(create.job().getMetadata().getLabels());
                int first = first(create.job());
                JobFacts job = new JobFacts(
                        create.job().getMetadata().getName(),
                        "uid-" + number,
                        number,
                        first,
                        now,
                        false,
                        null,
                        JobFacts.of(create.job()).madeFrom(),
                        Admission.of(create.job(), null));
                attempts.put(number, new AttemptFacts(number, first, job, List.of(), null));
            }
            case Action.DeleteProgress delete ->
                attempts.values()
                        .removeIf(attempt ->
                                attempt.job() == null && delete.name().equals("digits-" + attempt.number()));
            case Action.DeleteJob delete -> attempts.replaceAll((_, attempt) -> deleting(attempt, delete.uid()));
            case Action.CreateClaim _, Action.EnsureTrainerAccess _, Action.DeleteClaim _ -> {}
        }
    }

    private static AttemptFacts deleting(AttemptFacts facts, String uid) {
        JobFacts job = facts.job();
        return job == null || !job.uid().equals(uid)
                ? facts
                : new AttemptFacts(
                        facts.number(),
                        facts.firstAttempt(),
                        new JobFacts(
                                job.name(),
                                job.uid(),
                                job.attempt(),
                                job.firstAttempt(),
                                job.created(),
                                true,
                                job.end(),
                                job.madeFrom(),
                                job.admission()),
                        facts.pods(),
                        facts.report());
    }

    private static int first(HasMetadata child) {
        return Integer.parseInt(child.getMetadata().getAnnotations().get(Children.FIRST_ATTEMPT));
    }

    private static int number(Map<String, String> labels) {
        return Integer.parseInt(labels.get(Children.ATTEMPT));
    }
}
