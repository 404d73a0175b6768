package io.vlfinetune.trainer.data;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Prepares batches on other threads ahead of the training step and hands them out in order. At most a given number of
 * batches is prepared or being prepared at any time. To be used by one thread; close it to end its threads.
 */
public final class Prefetcher implements Iterator<List<EncodedSample>>, AutoCloseable {
    private final SampleSource samples;
    private final Iterator<List<Integer>> batches;
    private final int ahead;
    private final ExecutorService threads;
    private final Deque<List<Future<EncodedSample>>> pending = new ArrayDeque<>();

    /**
     * Begins to prepare the first batches.
     *
     * @param samples where samples come from
     * @param batches the sample indices of each batch, in order; read from the thread that calls this object
     * @param threadCount how many threads prepare, at least 1
     * @param ahead how many batches may be ready or in preparation, at least 1
     */
    public Prefetcher(SampleSource samples, Iterator<List<Integer>> batches, int threadCount, int ahead) {
        if (ahead < 1) {
            throw new IllegalArgumentException("ahead must be at least 1, not " + ahead);
        }
        this.samples = samples;
        this.batches = batches;
        this.ahead = ahead;
        threads = Executors.newFixedThreadPool(
                threadCount, Thread.ofPlatform().daemon().name("data-", 0).factory());
        fill();
    }

    @Override
    public boolean hasNext() {
        return !pending.isEmpty();
    }

    /**
     * The next batch; waits until it is ready.
     *
     * @throws TrainerException what preparing a sample threw
     */
    @Override
    public List<EncodedSample> next() {
        List<Future<EncodedSample>> batch = pending.poll();
        if (batch == null) {
            throw new NoSuchElementException("no batch is left");
        }
        var ready = new ArrayList<EncodedSample>(batch.size());
        for (Future<EncodedSample> sample : batch) {
            ready.add(await(sample));
        }
        fill();
        return List.copyOf(ready);
    }

    private void fill() {
        while (pending.size() < ahead && batches.hasNext()) {
            var futures = new ArrayList<Future<EncodedSample>>();
            for (int index : batches.next()) {
                futures.add(threads.submit(() -> samples.get(index)));
            }
            pending.add(futures);
        }
    }

    private static EncodedSample await(Future<EncodedSample> sample) {
        try {
            return sample.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TrainerException(Reason.TrainerError, "interrupted while waiting for the next batch", e);
        } catch (CancellationException e) {
            throw new IllegalStateException("the prefetcher is closed", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            if (e.getCause() instanceof RuntimeException problem) {
                throw problem;
            }
            throw new TrainerException(Reason.TrainerError, "preparing a batch failed", e);
        }
    }

    /**
     * Drops what is prepared and waits until the samples in the threads' hands are done: whoever closes this may close
     * the tokenizer next, whose native memory they use.
     */
    @Override
    public void close() {
        for (List<Future<EncodedSample>> batch : pending) {
            batch.forEach(sample -> sample.cancel(false));
        }
        pending.clear();
        threads.close();
    }
}
