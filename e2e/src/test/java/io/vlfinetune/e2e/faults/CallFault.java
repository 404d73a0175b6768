package io.vlfinetune.e2e.faults;

/** What can happen to one request of the operator. */
enum CallFault {
    /** The operator is killed, and the request never leaves. */
    KilledBefore,
    /** The server carries the request out, and the operator is killed before it hears of it. */
    KilledAfter,
    /** Refused: a conflict. */
    Conflict(409, "Conflict"),
    /** Refused: not valid. */
    Invalid(422, "Invalid"),
    /** Refused: too many requests. */
    TooMany(429, "TooManyRequests"),
    /** Refused: too many requests; the client tries again by itself. */
    TooManyRetried(429, "TooManyRequests", true),
    /** Refused: something is wrong with the server. */
    ServerError(500, "InternalError"),
    /** Refused: something is wrong with the server; the client tries again by itself. */
    ServerErrorRetried(500, "InternalError", true),
    /** The server did not come to it in time. */
    Timeout(504, "Timeout"),
    /** The server carried it out but says that it did not come to it in time. */
    TimeoutAfterEffect(504, "Timeout"),
    /** The connection breaks before the request. */
    DroppedBefore,
    /** The server carried it out; the connection breaks before the answer. */
    DroppedAfter,
    /** The same, and the client sends the request a second time by itself. */
    DroppedAfterRetried(0, "", true),
    /** The request hangs for a while. */
    Delayed;

    private final int code;
    private final String reason;
    private final boolean clientRetries;

    CallFault() {
        this(0, "");
    }

    CallFault(int code, String reason) {
        this(code, reason, false);
    }

    CallFault(int code, String reason, boolean clientRetries) {
        this.code = code;
        this.reason = reason;
        this.clientRetries = clientRetries;
    }

    /** Status code of the answer. */
    int code() {
        return code;
    }

    /** Kubernetes' word for it. */
    String reason() {
        return reason;
    }

    /** Whether Fabric8's own retries are on. With them the operator sees less; without, every fault reaches it. */
    boolean clientRetries() {
        return clientRetries;
    }
}
