/** From the URIs of a declaration to folders and files. */
@NullMarked
package io.vlfinetune.trainer.source;

import org.jspecify.annotations.NullMarked;
