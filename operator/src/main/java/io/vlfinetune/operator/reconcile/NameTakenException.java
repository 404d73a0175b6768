package io.vlfinetune.operator.reconcile;

/** The name of a child belongs to an object of somebody else. */
final class NameTakenException extends RuntimeException {
    NameTakenException(String message, Throwable cause) {
        super(message, cause);
    }
}
