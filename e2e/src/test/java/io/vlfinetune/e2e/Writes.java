package io.vlfinetune.e2e;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers every request of a client that is meant to change something. */
final class Writes implements Interceptor {
    private final List<String> requests = new CopyOnWriteArrayList<>();

    /** A client whose writes are remembered here. */
    KubernetesClient client(Config configuration) {
        return new KubernetesClientBuilder()
                .withConfig(configuration)
                .withHttpClientBuilderConsumer(builder -> builder.addOrReplaceInterceptor("writes", this))
                .build();
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        if (!request.method().equals("GET")) {
            requests.add(request.method() + " " + request.uri().getPath());
        }
    }

    /** {@code METHOD path} of all so far. */
    List<String> requests() {
        return List.copyOf(requests);
    }
}
