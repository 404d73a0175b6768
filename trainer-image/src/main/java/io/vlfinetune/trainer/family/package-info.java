/** Families of models: which layers, roles and key layouts a checkpoint of each has. */
@NullMarked
package io.vlfinetune.trainer.family;

import org.jspecify.annotations.NullMarked;
