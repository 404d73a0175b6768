package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** All requests and watch events of one case, over all lives of its operator, and the one fault among them. */
public final class Traffic {
    private static final Pattern RESOURCE_VERSION = Pattern.compile("\"resourceVersion\":\"([0-9]+)\"");
    private static final int FEW = 4;

    private final @Nullable CallFault callFault;
    private final @Nullable WatchFault watchFault;
    private final int at;
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final List<String> writes = new CopyOnWriteArrayList<>();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final List<Long> versions = new CopyOnWriteArrayList<>();
    private volatile boolean fired;
    private volatile long lastCall = System.nanoTime();

    private Traffic(@Nullable CallFault callFault, @Nullable WatchFault watchFault, int at) {
        this.callFault = callFault;
        this.watchFault = watchFault;
        this.at = at;
    }

    /** Without a fault. */
    public static Traffic undisturbed() {
        return new Traffic(null, null, 0);
    }

    /** With a fault at the k-th request, from 1. */
    static Traffic at(int k, CallFault fault) {
        return new Traffic(fault, null, k);
    }

    /** With a fault at the k-th event of all watches, from 1. */
    static Traffic at(int k, WatchFault fault) {
        return new Traffic(null, fault, k);
    }

    /** Counts a request; the fault that befalls it. */
    synchronized Optional<CallFault> call(StandardHttpRequest request) {
        lastCall = System.nanoTime();
        String line = request.method() + " " + request.uri().getPath();
        calls.add(line);
        if (!request.method().equals("GET")) {
            writes.add(line);
        }
        if (callFault == null || calls.size() != at) {
            return Optional.empty();
        }
        fired = true;
        return Optional.of(callFault);
    }

    /** Counts an event; the fault that befalls it. */
    synchronized Optional<WatchFault> event(String kind, String text) {
        Matcher version = RESOURCE_VERSION.matcher(text);
        versions.add(version.find() ? Long.parseLong(version.group(1)) : 0L);
        events.add(kind + " " + text.substring(0, Math.min(16, text.length())));
        if (watchFault == null || events.size() != at) {
            return Optional.empty();
        }
        fired = true;
        return Optional.of(watchFault);
    }

    /** The version a few events ago. */
    long fewBack() {
        return versions.get(Math.max(0, versions.size() - 1 - FEW));
    }

    /** The version in which the run was created: its own event is the first. */
    long start() {
        return versions.getFirst();
    }

    boolean clientRetries() {
        return callFault != null && callFault.clientRetries();
    }

    boolean fired() {
        return fired;
    }

    public List<String> calls() {
        return List.copyOf(calls);
    }

    List<String> writes() {
        return List.copyOf(writes);
    }

    List<String> events() {
        return List.copyOf(events);
    }

    /** Time since the last request. */
    long quietMillis() {
        return (System.nanoTime() - lastCall) / 1_000_000;
    }
}
