/** A real kube-apiserver with etcd on this machine, in place of the mock. */
@NullMarked
package io.vlfinetune.cli.embedded.realapi;

import org.jspecify.annotations.NullMarked;
