/** A stand-in for a cluster: an API server in memory and a node that does what a test says. */
@NullMarked
package io.vlfinetune.operator.cluster;

import org.jspecify.annotations.NullMarked;
