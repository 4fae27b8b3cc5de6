"""Pure arithmetic of billing: periods, what a price asks for a quantity, prorations, discounts, taxes.

Amounts are integers of the currency's minor unit, instants are seconds since 1970. No state, no time of its own.
"""
