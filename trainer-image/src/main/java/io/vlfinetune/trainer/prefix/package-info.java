/** What frozen layers compute, stored under scratch and read again in later epochs. */
@NullMarked
package io.vlfinetune.trainer.prefix;

import org.jspecify.annotations.NullMarked;
