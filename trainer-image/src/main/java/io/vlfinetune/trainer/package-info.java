/** The trainer: reads run.json, trains what the freeze plan says, proves the rest unchanged, and reports. */
@NullMarked
package io.vlfinetune.trainer;

import org.jspecify.annotations.NullMarked;
