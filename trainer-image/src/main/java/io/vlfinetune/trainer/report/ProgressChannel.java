package io.vlfinetune.trainer.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.ProgressReport;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The live channel: merge-patches of this attempt's own progress object. Whatever goes wrong here never ends a run; the
 * last word needs no network.
 */
public final class ProgressChannel {
    /** Where the pod's projected credential is mounted. */
    public static final Path CREDENTIALS = Path.of("/var/run/secrets/vlfinetune");

    /** Environment variable that names another folder, where trainers run without containers. */
    public static final String CREDENTIALS_VARIABLE = "VLFINETUNE_CREDENTIALS";

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final JsonMapper JSON = Json.strict();

    private final URI url;
    private final Path credentials;
    private final HttpClient client;

    /**
     * Makes a channel.
     *
     * @param url the progress object
     * @param credentials folder with {@code token} and {@code ca.crt}; either may be missing
     */
    public ProgressChannel(URI url, Path credentials) throws IOException {
        this.url = url;
        this.credentials = credentials;
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT);
        Path authority = credentials.resolve("ca.crt");
        if (Files.exists(authority)) {
            builder.sslContext(trusting(authority));
        }
        this.client = builder.build();
    }

    /** The folder with the credential of this process. */
    public static Path credentials(Map<String, String> environment) {
        String named = environment.getOrDefault(CREDENTIALS_VARIABLE, "");
        return named.isBlank() ? CREDENTIALS : Path.of(named);
    }

    private static SSLContext trusting(Path authority) throws IOException {
        try (InputStream in = Files.newInputStream(authority)) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int number = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("authority-" + number++, certificate);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException problem) {
            throw new IOException(authority + ": " + problem.getMessage(), problem);
        }
    }

    /**
     * The sequence of the latest report in the object, read by an empty patch, since a trainer may only patch; -1 if
     * there is none.
     */
    public long latestSequence() throws IOException, InterruptedException {
        JsonNode object = JSON.readTree(patch("{}"));
        return object.path("report").path("sequence").asLong(-1);
    }

    /** Sends a report. */
    public void send(ProgressReport report) throws IOException, InterruptedException {
        patch(JSON.writeValueAsString(Map.of("report", report)));
    }

    private String patch(String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .timeout(TIMEOUT)
                .header("Content-Type", "application/merge-patch+json")
                .method("PATCH", HttpRequest.BodyPublishers.ofString(body));
        Path token = credentials.resolve("token");
        if (Files.exists(token)) {
            // Read anew each time: the kubelet replaces a projected token before it expires.
            request.header("Authorization", "Bearer " + Files.readString(token).strip());
        }
        HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new IOException("the API server answered " + response.statusCode() + " to a progress report");
        }
        return response.body();
    }
}
