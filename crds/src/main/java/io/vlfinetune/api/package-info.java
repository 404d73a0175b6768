/**
 * The resource as users write it: spec and status as plain records. Constants of enums carry the spelling that stands
 * in YAML. Decimals and quantities are strings with a pattern, since CRDs should not carry floating point numbers.
 */
@NullMarked
package io.vlfinetune.api;

import org.jspecify.annotations.NullMarked;
