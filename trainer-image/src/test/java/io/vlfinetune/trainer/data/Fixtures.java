package io.vlfinetune.trainer.data;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** Folders among the test resources. */
public final class Fixtures {
    private Fixtures() {}

    /** The tiny LLaVA checkpoint with its golden values, made by transformers. */
    public static Path llava() {
        return folder("/fixtures/llava/config.json");
    }

    /** Images made by Pillow 11.3.0; see make_pillow_samples.py there. */
    public static Path pillow() {
        return folder("/pillow/make_pillow_samples.py");
    }

    private static Path folder(String resource) {
        URL url = Objects.requireNonNull(Fixtures.class.getResource(resource), resource);
        try {
            return Objects.requireNonNull(Path.of(url.toURI()).getParent());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
