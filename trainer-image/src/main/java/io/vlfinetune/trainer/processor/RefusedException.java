package io.vlfinetune.trainer.processor;

/**
 * What a family of models takes no such input for. Whoever throws it does not know the sample; {@link ChatProcessor}
 * adds its place.
 */
public final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With what it is, why it is refused and what to do. */
    public RefusedException(String message) {
        super(message);
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
