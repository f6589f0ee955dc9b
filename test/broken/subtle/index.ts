/**
 * Programs with one bug each that takes a rare order of events: a kill between two lines, a reply that is
 * overtaken, a lease that ends at the very moment of a read.
 *
 * Each file holds a program that is correct, and in it the line that is wrong in the broken variant.
 */
import type { SubtleCase } from "./case.ts";

export const SUBTLE: readonly SubtleCase[] = [];
