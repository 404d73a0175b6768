package io.vlfinetune.operator.reconcile;

/** The caches are behind the API server, so that what was planned may be wrong: it is planned again a little later. */
final class StaleCacheException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StaleCacheException(String message) {
        super(message);
    }
}
