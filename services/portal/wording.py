"""What this service's refusals are called for people."""

from shared.web.messages import Wording

TITLES = {
    "account-unknown": Wording("Pegawai ini belum mempunyai akun", "This employee has no account yet"),
    "nip-unknown": Wording("NIP tidak dikenal di instansi ini", "The NIP is not known in this instansi"),
    "password-too-weak": Wording("Kata sandi terlalu lemah", "The password is too weak"),
    "link-expired": Wording("Tautan tidak berlaku lagi", "The link is no longer valid"),
    "sign-in-refused": Wording("NIP atau kata sandi salah", "The NIP or the password is wrong"),
    "sign-in-paused": Wording("Terlalu banyak percobaan", "Too many attempts"),
    "too-many-pins": Wording("Sudah terlalu banyak yang disematkan", "Too many entries are pinned"),
    "form-not-ours": Wording("Formulir tidak dapat dipastikan asalnya", "Where the form came from cannot be told"),
    "survey-paused": Wording("Terlalu banyak jawaban dari sini", "Too many answers from here"),
    "service-away": Wording("Layanan sedang tidak dapat dihubungi", "The service cannot be reached"),
}
