/** Dashboard, alerts and documentation, held against the meters that the code has. */
@NullMarked
package io.vlfinetune.e2e.monitoring;

import org.jspecify.annotations.NullMarked;
