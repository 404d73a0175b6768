package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.DataFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrefetcherTest {
    private static final String SAMPLE =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}, {\"role\": \"assistant\", \"content\": \"!\"}]}\n";

    @TempDir
    private Path folder;

    private final Set<String> threads = ConcurrentHashMap.newKeySet();
    private final AtomicInteger begun = new AtomicInteger();

    @Test
    void givenBatchesWhenTakenThenTheyComeInOrderFromOtherThreads() throws IOException {
        Dataset dataset = dataset(this::encode);
        List<List<Integer>> batches = List.of(List.of(3, 1), List.of(0), List.of(2, 2, 5), List.of(4));
        try (var prefetcher = new Prefetcher<>(dataset::get, batches.iterator(), 2, 2)) {
            var lines = new ArrayList<List<String>>();
            prefetcher.forEachRemaining(
                    batch -> lines.add(batch.stream().map(EncodedSample::id).toList()));
            assertThat(lines)
                    .containsExactly(
                            List.of("t.jsonl:4", "t.jsonl:2"),
                            List.of("t.jsonl:1"),
                            List.of("t.jsonl:3", "t.jsonl:3", "t.jsonl:6"),
                            List.of("t.jsonl:5"));
            assertThat(threads).isNotEmpty().allSatisfy(name -> assertThat(name).startsWith("data-"));
            assertThatThrownBy(prefetcher::next).isInstanceOf(NoSuchElementException.class);
        }
    }

    @Test
    void givenASlowConsumerThenNoMoreThanTheBoundIsPrepared() throws IOException {
        Dataset dataset = dataset(this::encode);
        List<List<Integer>> batches = List.of(List.of(0), List.of(1), List.of(2), List.of(3), List.of(4), List.of(5));
        var taken = new AtomicInteger();
        var counted = batches.stream().peek(batch -> taken.incrementAndGet()).iterator();
        try (var prefetcher = new Prefetcher<>(dataset::get, counted, 3, 2)) {
            prefetcher.next();
            assertThat(begun.get()).isLessThanOrEqualTo(3);
            prefetcher.next();
            assertThat(begun.get()).isLessThanOrEqualTo(4);
            assertThat(taken.get()).isLessThanOrEqualTo(5);
        }
    }

    @Test
    void givenABadSampleWhenItsBatchIsTakenThenItsErrorIsThrownThere() throws IOException {
        Dataset dataset = dataset(conversation -> {
            if (conversation.location().line() == 3) {
                throw conversation.location().invalid("too long");
            }
            return encode(conversation);
        });
        try (var prefetcher =
                new Prefetcher<>(dataset::get, List.of(List.of(1), List.of(2)).iterator(), 1, 2)) {
            assertThat(prefetcher.next()).hasSize(1);
            assertThatThrownBy(prefetcher::next).hasMessage("t.jsonl:3: too long");
        }
    }

    @Test
    void givenWorkInProgressWhenClosedThenItIsWaitedForAndTheDatasetStaysUsable() throws Exception {
        var started = new CountDownLatch(1);
        var finish = new CountDownLatch(1);
        Dataset dataset = dataset(conversation -> {
            started.countDown();
            waitFor(finish);
            return encode(conversation);
        });
        var prefetcher =
                new Prefetcher<>(dataset::get, List.of(List.of(0, 1, 2, 3)).iterator(), 1, 1);
        assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
        Thread closer = Thread.ofPlatform().daemon().start(prefetcher::close);

        // The thread may be inside the tokenizer, which the caller closes next.
        assertThat(closer.join(Duration.ofMillis(100))).as("closed too early").isFalse();
        finish.countDown();
        assertThat(closer.join(Duration.ofSeconds(60))).isTrue();
        assertThat(begun).as("samples that were only waiting are dropped").hasValue(1);
        assertThat(prefetcher.hasNext()).isFalse();
        assertThat(dataset.get(4).id()).isEqualTo("t.jsonl:5");
    }

    /** However long the test's own thread takes. */
    private static void waitFor(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private EncodedSample encode(Conversation conversation) {
        begun.incrementAndGet();
        if (Thread.currentThread().getName().startsWith("data-")) {
            threads.add(Thread.currentThread().getName());
        }
        return new EncodedSample(conversation.location().toString(), new int[0], new int[0], List.of());
    }

    private Dataset dataset(Processor processor) throws IOException {
        Path file = Files.writeString(folder.resolve("t.jsonl"), SAMPLE.repeat(6));
        return Dataset.open(
                List.of(new DataFile(file, "t.jsonl", DataFormat.Auto)), MediaRoot.open(folder), processor, 0);
    }
}
