/** Specs that nobody should write, made from our own schema (as Acto does), and the way back to a good one. */
@NullMarked
package io.vlfinetune.e2e.fuzz;

import org.jspecify.annotations.NullMarked;
