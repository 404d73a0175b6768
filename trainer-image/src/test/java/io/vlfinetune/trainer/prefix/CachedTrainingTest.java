package io.vlfinetune.trainer.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vlfinetune.trainer.data.Content;
import io.vlfinetune.trainer.data.Conversation;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.SampleLocation;
import io.vlfinetune.trainer.data.Speaker;
import io.vlfinetune.trainer.data.Turn;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Chain;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.model.FrozenPrefix;
import io.vlfinetune.trainer.model.Gradients;
import io.vlfinetune.trainer.model.PrefixStore;
import io.vlfinetune.trainer.model.Recompute;
import io.vlfinetune.trainer.model.SampleScore;
import io.vlfinetune.trainer.optimize.AdamW;
import io.vlfinetune.trainer.optimize.AdamWSettings;
import io.vlfinetune.trainer.optimize.Rate;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that reads what frozen layers made equals one that computes it each time, bit for bit. */
class CachedTrainingTest {
    /** Samples of each batch of three epochs: images alone, text alone, and both together. */
    private static final List<List<Integer>> BATCHES = List.of(
            List.of(0, 1, 2), List.of(3, 4), List.of(4, 2), List.of(0, 3, 1), List.of(1), List.of(0, 2, 4), List.of(3));

    /** Families that are also trained in BFloat16: one tensor a unit, deepstack, and attention in both directions. */
    private static final List<String> HALVES = List.of("llava", "qwen3_vl", "gemma3");

    private static final int FIRST_EPOCH = 2;
    private static final long ROOM = 1L << 30;
    private static final AdamWSettings SETTINGS = new AdamWSettings(0.9, 0.999, 1e-8, 1.0);

    private static Ops ops;

    @TempDir
    private Path folder;

    private final List<String> log = new ArrayList<>();

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    static void stop() {
        ops.close();
    }

    /** Where the frozen part of a chain ends. */
    enum End {
        InsideTower,
        Tower,
        TowerAndProjector,
        Embeddings,
        LanguageBlocks,
        Head;

        int of(Chain chain) {
            int blocks = chain.body().size() - chain.merge() - 1;
            return switch (this) {
                case InsideTower -> chain.merge() / 2;
                case Tower -> chain.merge() - 1;
                case TowerAndProjector -> chain.merge();
                case Embeddings -> chain.merge() + 1;
                case LanguageBlocks -> chain.merge() + 1 + blocks / 2;
                case Head -> chain.body().size();
            };
        }

        /** Everything above is trained, but what a layer below reads as well. */
        Set<String> trainable(Chain chain) {
            int end = of(chain);
            Set<String> names = new LinkedHashSet<>();
            chain.layers()
                    .subList(end, chain.layers().size())
                    .forEach(layer -> names.addAll(layer.tensors().keySet()));
            chain.layers()
                    .subList(0, end)
                    .forEach(layer -> names.removeAll(layer.tensors().keySet()));
            return names;
        }
    }

    private record Trained(List<Double> losses, Map<String, float[]> weights) {}

    static Stream<Arguments> cases() {
        return Stream.concat(
                of(FamilyFixture.ALL, End.values()).map(one -> Arguments.of(one.get()[0], one.get()[1], DType.F32)),
                of(HALVES, End.values()).map(one -> Arguments.of(one.get()[0], one.get()[1], DType.BF16)));
    }

    private static Stream<Arguments> of(List<String> families, End... ends) {
        return families.stream().flatMap(family -> Stream.of(ends).map(end -> Arguments.of(family, end)));
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("cases")
    void givenAFrozenPrefixWhenItsUnitsAreReadBackThenEveryLossAndWeightIsTheSame(
            String family, End end, DType precision) {
        List<EncodedSample> samples = samples(family);
        Trained wanted;
        try (LoadedModel model = open(family, end, precision)) {
            wanted = train(model, samples, new Recompute.None(), null);
        }
        try (LoadedModel model = open(family, end, precision);
                PrefixCache cache = new PrefixCache(folder, "digest", ROOM, log::add)) {
            int before = ops.liveArrays();
            assertSameBits(train(model, samples, new Recompute.None(), cache), wanted);
            FrozenPrefix prefix =
                    FrozenPrefix.of(model.blueprint().chain(), model.weights().trainable());
            // An image that is in two samples is one unit.
            assertThat(cache.statistics().misses()).isEqualTo(prefix.unit() == FrozenPrefix.Unit.Image ? 2 : 5);
            assertThat(cache.statistics().hits())
                    .isGreaterThan(cache.statistics().misses());
            assertThat(cache.statistics().bytes()).isPositive();
            // Those made once for all batches, such as rotary tables.
            assertThat(ops.liveArrays() - before).isLessThan(20);
        }
        assertThat(log).isEmpty();
    }

    /** What is stored must be what the batch would have computed, up to the order of sums. */
    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("ends")
    void givenUnitsPutTogetherThenTheLossIsThatOfTheWholeBatch(String family, End end) {
        List<EncodedSample> samples = samples(family);
        try (LoadedModel model = open(family, end, DType.F32);
                Batch batch = model.batch(ops, samples);
                Gradients gradients = new Gradients(ops)) {
            Executor executor = model.executor(Executor.Mode.SEGMENTS);
            double loss = executor.step(batch, batch.targetCount(), gradients);
            double whole = executor.evaluate(batch).stream()
                            .mapToDouble(SampleScore::crossEntropy)
                            .sum()
                    / batch.targetCount();
            assertThat(loss).isCloseTo(whole, within(1e-5 * whole));
        }
    }

    static Stream<Arguments> ends() {
        return of(FamilyFixture.ALL, End.TowerAndProjector, End.LanguageBlocks, End.Head);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void givenLayersThatRunAgainThenReadingChangesNothingEither(DType precision) {
        List<EncodedSample> samples = samples("qwen3_vl");
        for (End end : List.of(End.InsideTower, End.LanguageBlocks)) {
            Trained wanted;
            try (LoadedModel model = open("qwen3_vl", end, precision)) {
                wanted = train(model, samples, new Recompute.None(), null);
            }
            try (LoadedModel model = open("qwen3_vl", end, precision);
                    PrefixCache cache = new PrefixCache(folder, end.name(), ROOM, log::add)) {
                assertSameBits(train(model, samples, new Recompute.All(), cache), wanted);
            }
            try (LoadedModel model = open("qwen3_vl", end, precision)) {
                assertSameBits(train(model, samples, new Recompute.Some(Set.of(3, 8, 10)), null), wanted);
            }
        }
    }

    @Test
    void givenRoomForSomeUnitsOnlyThenTheOthersAreComputedAndNothingChanges() {
        List<EncodedSample> samples = samples("llava");
        Trained wanted;
        try (LoadedModel model = open("llava", End.LanguageBlocks, DType.F32)) {
            wanted = train(model, samples, new Recompute.None(), null);
        }
        // A sample has about 40 tokens of 64 numbers.
        try (LoadedModel model = open("llava", End.LanguageBlocks, DType.F32);
                PrefixCache cache = new PrefixCache(folder, "digest", 30_000, log::add)) {
            Trained made = train(model, samples, new Recompute.None(), cache);
            assertSameBits(made, wanted);
            assertThat(cache.isFull()).isTrue();
            assertThat(cache.statistics().hits()).isPositive();
            assertThat(cache.statistics().misses()).isGreaterThan(5);
            assertThat(cache.statistics().bytes()).isPositive().isLessThanOrEqualTo(30_000);
        }
        assertThat(log).hasSize(1).first().asString().contains("nothing more is stored");
    }

    @Test
    void givenADamagedUnitWhoseSampleHasNoPixelsAnyMoreThenTheyAreMadeAgain() throws Exception {
        List<EncodedSample> samples = samples("llava");
        try (LoadedModel model = open("llava", End.Tower, DType.F32)) {
            Trained wanted = train(model, samples, new Recompute.None(), null);
            try (LoadedModel other = open("llava", End.Tower, DType.F32);
                    PrefixCache cache = new PrefixCache(folder, "digest", ROOM, log::add)) {
                Executor executor = executor(other, new Recompute.None(), cache);
                try (Batch batch = other.batch(ops, samples)) {
                    executor.runPrefix(batch);
                }
                Damage.flipLastByte(folder.resolve("digest").resolve("units"));
                List<EncodedSample> released = samples.stream()
                        .map(sample -> sample.released(() -> sample))
                        .toList();
                assertSameBits(train(other, released, new Recompute.None(), cache), wanted);
            }
        }
        assertThat(log).hasSize(1).first().asString().contains("cannot be read and is computed again");
    }

    /** The last block makes nothing at places without a target, so that such a sample's unit has no row. */
    @ParameterizedTest
    @EnumSource(LinearKernel.class)
    void givenASampleWithoutATargetBesideOthersThenItAddsNothing(LinearKernel kernel) {
        List<EncodedSample> samples = samples("llava").subList(0, 2);
        EncodedSample mute = new EncodedSample(
                "mute",
                samples.getFirst().inputIds(),
                new int[samples.getFirst().labels().length],
                samples.getFirst().images());
        Arrays.fill(mute.labels(), EncodedSample.NO_LOSS);
        try (Ops own = Ops.start(1, Optional.of(kernel));
                LoadedModel model = open(own, "llava", End.Head, DType.F32);
                PrefixCache cache = new PrefixCache(folder, "digest", ROOM, log::add)) {
            Executor executor = executor(model, new Recompute.None(), cache);
            double alone = loss(own, model, executor, samples);
            List<EncodedSample> together = List.of(samples.get(0), mute, samples.get(1));
            assertThat(loss(own, model, executor, together)).isEqualTo(alone);
            assertThat(loss(own, model, executor, together)).isEqualTo(alone);
        }
        assertThat(log).isEmpty();
    }

    private static double loss(Ops own, LoadedModel model, Executor executor, List<EncodedSample> samples) {
        try (Batch batch = model.batch(own, samples);
                Gradients gradients = new Gradients(own)) {
            return executor.step(batch, batch.targetCount(), gradients);
        }
    }

    private static Executor executor(LoadedModel model, Recompute recompute, @Nullable PrefixStore store) {
        return new Executor(model.blueprint().chain(), model.weights(), recompute, store);
    }

    /** With a store, samples of later epochs come without pixels. */
    private static Trained train(
            LoadedModel model, List<EncodedSample> samples, Recompute recompute, @Nullable PrefixStore store) {
        Executor executor = executor(model, recompute, store);
        List<Double> losses = new ArrayList<>();
        try (AdamW optimizer = new AdamW(model.weights(), executor.trainedTensors(), SETTINGS)) {
            for (int i = 0; i < BATCHES.size(); i++) {
                boolean stored = i >= FIRST_EPOCH && store instanceof PrefixCache cache && !cache.isFull();
                List<EncodedSample> chosen = BATCHES.get(i).stream()
                        .map(samples::get)
                        .map(sample -> stored ? sample.released(() -> whole(sample)) : sample)
                        .toList();
                try (Batch batch = model.batch(ops, chosen);
                        Gradients gradients = new Gradients(ops)) {
                    losses.add(executor.step(batch, batch.targetCount(), gradients));
                    optimizer.step(gradients.byTensor(), tensor -> new Rate(1e-3, 0.01));
                }
            }
        }
        Map<String, float[]> weights = new LinkedHashMap<>();
        executor.trainedTensors()
                .forEach(name -> weights.put(name, model.weights().master(name).toFloatArray()));
        return new Trained(losses, weights);
    }

    /** The samples of these tests are asked for again only where a unit is damaged. */
    private static EncodedSample whole(EncodedSample sample) {
        if (sample.images().isEmpty()) {
            return sample;
        }
        throw new AssertionError(sample.id() + ": pixels were read again");
    }

    private static void assertSameBits(Trained made, Trained wanted) {
        assertThat(made.losses()).isEqualTo(wanted.losses());
        assertThat(made.weights().keySet()).isEqualTo(wanted.weights().keySet()).isNotEmpty();
        wanted.weights()
                .forEach((name, values) ->
                        assertThat(made.weights().get(name)).as(name).isEqualTo(values));
    }

    private static LoadedModel open(String family, End end, DType precision) {
        return open(ops, family, end, precision);
    }

    private static LoadedModel open(Ops ops, String family, End end, DType precision) {
        Path model = new FamilyFixture(family).folder();
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            Chain chain = Families.of(checkpoint.config()).blueprint(checkpoint).chain();
            return LoadedModel.open(ops, model, end.trainable(chain), precision);
        }
    }

    /** Two samples with an image, two with text alone, and one with both images. */
    private static List<EncodedSample> samples(String family) {
        FamilyFixture fixture = new FamilyFixture(family);
        List<EncodedSample> samples = new ArrayList<>(fixture.samples("batch"));
        samples.addAll(fixture.textSamples());
        try (ChatProcessor processor = fixture.processor()) {
            samples.add(processor.encode(new Conversation(
                    SampleLocation.ofLine("two.jsonl", 1),
                    List.of(
                            new Turn(
                                    Speaker.User,
                                    List.of(
                                            new Content.Image("sample.png"),
                                            new Content.Image("sample2.png"),
                                            new Content.Text("Which digits are these?"))),
                            new Turn(Speaker.Assistant, List.of(new Content.Text("three and four")))))));
        }
        return samples;
    }
}
