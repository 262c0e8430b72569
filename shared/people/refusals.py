"""How services say no for what the directory told them, or has not told yet. Pure."""

from shared.errors import Refusal


class UnknownInstansi(Refusal):
    """The directory has not told of this instansi yet."""

    code = "unknown-instansi"
    status = 404


class UnknownEmployee(Refusal):
    """The directory has told of no such active employee."""

    code = "unknown-employee"
    status = 422


class NotTheSuperior(Refusal):
    """The reporting lines give the caller no right to decide about this employee."""

    code = "not-the-superior"
    status = 403


def unknown_instansi(instansi: str) -> UnknownInstansi:
    """The refusal of an instansi nobody has told of."""
    return UnknownInstansi(
        "Instansi ini belum dikenal; coba lagi setelah direktori mengumumkannya. / "
        "This instansi is not known yet; try again once the directory has announced it.",
        instansi=instansi,
    )


def unknown_employee(employee: object) -> UnknownEmployee:
    """The refusal of an employee nobody has told of."""
    return UnknownEmployee(
        "Pegawai ini belum dikenal atau tidak aktif; daftarkan dulu di direktori. / "
        "This employee is not known or not active; register them in the directory first.",
        employee=str(employee),
    )
