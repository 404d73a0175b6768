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
import java.util.function.IntFunction;

/**
 * Prepares batches on other threads ahead of the training step and hands them out in order. At most a given number of
 * batches is prepared or being prepared at any time. To be used by one thread; close it to end its threads.
 *
 * @param <T> what is made of a sample
 */
public final class Prefetcher<T> implements Iterator<List<T>>, AutoCloseable {
    /** How many batches are usually ready or in preparation, beside the one in use: so many are in memory, and one more. */
    public static final int AHEAD = 2;

    private final IntFunction<T> samples;
    private final Iterator<List<Integer>> batches;
    private final int ahead;
    private final ExecutorService threads;
    private final Deque<List<Future<T>>> pending = new ArrayDeque<>();

    /**
     * Begins to prepare the first batches.
     *
     * @param samples makes what is wanted of a sample, by its number; used by several threads
     * @param batches the sample indices of each batch, in order; read from the thread that calls this object
     * @param threadCount how many threads prepare, at least 1
     * @param ahead how many batches may be ready or in preparation, at least 1
     */
    public Prefetcher(IntFunction<T> samples, Iterator<List<Integer>> batches, int threadCount, int ahead) {
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
    public List<T> next() {
        List<Future<T>> batch = pending.poll();
        if (batch == null) {
            throw new NoSuchElementException("no batch is left");
        }
        var ready = new ArrayList<T>(batch.size());
        for (Future<T> sample : batch) {
            ready.add(await(sample));
        }
        fill();
        return List.copyOf(ready);
    }

    private void fill() {
        while (pending.size() < ahead && batches.hasNext()) {
            var futures = new ArrayList<Future<T>>();
            for (int index : batches.next()) {
                futures.add(threads.submit(() -> samples.apply(index)));
            }
            pending.add(futures);
        }
    }

    private static <T> T await(Future<T> sample) {
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
        for (List<Future<T>> batch : pending) {
            batch.forEach(sample -> sample.cancel(false));
        }
        pending.clear();
        threads.close();
    }
}
