/** JSON files of a model folder, read with defaults and refused by key and value. */
@NullMarked
package io.vlfinetune.trainer.config;

import org.jspecify.annotations.NullMarked;
