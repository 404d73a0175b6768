package io.vlfinetune.operator.leadership;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One operator's part in an election. The SDK would call {@code System.exit} when the Lease is let go, which never
 * returns inside a shutdown hook; this one tells a Lease that is let go on purpose from one that is lost.
 */
public final class Leadership {
    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

    private final LeaderElection election;
    private final Consumer<String> lost;
    private volatile @Nullable String leader;
    private volatile boolean leads;
    private volatile boolean led;
    private volatile boolean stopping;

    /**
     * Takes part in an election.
     *
     * @param election the Lease and who this is
     * @param lost told, in words, that the Lease is lost: another may lead already, so that this operator must end at
     *     once
     */
    public Leadership(LeaderElection election, Consumer<String> lost) {
        this.election = election;
        this.lost = lost;
    }

    /** How the SDK is to take part. */
    public LeaderElectionConfiguration configuration(KubernetesClient client) {
        return new LeaderElectionConfiguration(
                election.lease(),
                election.namespace(),
                election.duration(),
                election.renewDeadline(),
                election.retryPeriod(),
                election.identity(),
                new LeaderCallbacks(() -> start(client), this::stop, this::follow),
                false);
    }

    /** Whether this operator leads. */
    public boolean leads() {
        return leads;
    }

    /** Who leads, as far as it is known. */
    public Optional<String> leader() {
        return Optional.ofNullable(leader);
    }

    /** From now on the Lease is let go on purpose. */
    public void stopping() {
        stopping = true;
    }

    /**
     * Makes sure that the Lease is let go, so that another operator leads at once: the SDK tries once, and says nothing
     * if that fails. Does nothing where this operator never led.
     */
    public void release(KubernetesClient client) {
        if (!led) {
            return;
        }
        Resource<Lease> resource =
                client.leases().inNamespace(election.namespace()).withName(election.lease());
        try {
            Lease held = resource.get();
            if (held != null && election.identity().equals(held.getSpec().getHolderIdentity())) {
                held.getSpec().setHolderIdentity(null);
                held.getSpec().setLeaseDurationSeconds(1);
                // With the resource version that was read: whoever took it meanwhile keeps it.
                client.resource(held).update();
            }
            LOG.info("{} let go of the Lease {}/{}", election.identity(), election.namespace(), election.lease());
        } catch (KubernetesClientException e) {
            LOG.warn(
                    "{} could not let go of the Lease {}/{}, the others wait until it runs out: {}",
                    election.identity(),
                    election.namespace(),
                    election.lease(),
                    e.getMessage());
        }
        leads = false;
    }

    private void start(KubernetesClient client) {
        leads = true;
        led = true;
        LOG.info("{} leads", election.identity());
        // Not on the thread that renews the Lease.
        Thread.ofVirtual().name("tell-leader").start(() -> tell(client));
    }

    private void stop() {
        boolean lostIt = leads && !stopping;
        leads = false;
        if (lostIt) {
            String words = "%s lost the Lease %s/%s: it was not renewed within %s, or another operator took it"
                    .formatted(election.identity(), election.namespace(), election.lease(), election.renewDeadline());
            LOG.error("{}", words);
            lost.accept(words);
        }
    }

    private void follow(@Nullable String identity) {
        if (identity == null || identity.isEmpty()) {
            leader = null;
            return;
        }
        leader = identity;
        if (!identity.equals(election.identity())) {
            LOG.info("{} leads, {} stands by", identity, election.identity());
        }
    }

    /** People look for it at the Lease; that it could not be told stops nobody from leading. */
    private void tell(KubernetesClient client) {
        try {
            client.resource(LeaderEvent.of(election)).create();
        } catch (KubernetesClientException e) {
            LOG.warn("the event that {} leads was not written: {}", election.identity(), e.getMessage());
        }
    }
}
