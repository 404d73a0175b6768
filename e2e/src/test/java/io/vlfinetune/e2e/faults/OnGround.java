package io.vlfinetune.e2e.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Hands the one {@link Ground} to tests; it is started for the first and closed after the last. */
public final class OnGround implements ParameterResolver {
    private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(OnGround.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Ground.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot().getStore(STORE).computeIfAbsent(Ground.class, _ -> start(), Ground.class);
    }

    private static Ground start() {
        try {
            return Ground.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
