"""The algebra behind `archcheck.dims`: symbolic sizes in canonical form.

`memory` keeps equal forms one object, `polynomials` is arithmetic on plain dictionaries, `intervals` finds
bounds, `twins` picks the shorter of two equal forms, `sizes` holds `Atom` and `Dim` with addition,
multiplication and floor division, and `extremes` adds minimum, maximum and broadcasting. Each imports only
those named before it.
"""
