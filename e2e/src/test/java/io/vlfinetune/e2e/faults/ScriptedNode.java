package io.vlfinetune.e2e.faults;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Job controller, kubelet and trainers of the whole server, without processes: each Job is a thread with a script. */
final class ScriptedNode implements AutoCloseable {
    private final Witness witness;
    private final NodeWrites writes;
    private final Map<String, JobLife> lives = new ConcurrentHashMap<>();
    private final List<String> troubles = new CopyOnWriteArrayList<>();
    private final SharedIndexInformer<Job> jobs;
    private volatile boolean closed;

    ScriptedNode(KubernetesClient client, Witness witness) {
        this.witness = witness;
        this.writes = new NodeWrites(client);
        this.jobs = client.batch().v1().jobs().inAnyNamespace().inform(new ResourceEventHandler<>() {
            @Override
            public void onAdd(Job job) {
                observe(job);
            }

            @Override
            public void onUpdate(Job before, Job job) {
                observe(job);
            }

            @Override
            public void onDelete(Job job, boolean stateUnknown) {
                JobLife life = lives.get(job.getMetadata().getUid());
                if (life != null) {
                    life.stop();
                }
            }
        });
    }

    private void observe(Job job) {
        JobLife life = lives.computeIfAbsent(
                job.getMetadata().getUid(), _ -> new JobLife(job, witness, writes, troubles::add, () -> closed));
        if (job.getMetadata().getDeletionTimestamp() != null) {
            life.stop();
        }
        life.start();
    }

    /** What a server refused this node; nothing, unless the test itself is wrong. */
    List<String> troubles() {
        return List.copyOf(troubles);
    }

    @Override
    public void close() {
        closed = true;
        jobs.stop();
    }
}
