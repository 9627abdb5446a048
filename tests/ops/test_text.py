"""Texts."""
import numpy as np

from tests.ops._rows import row, rows_test

WORDS = np.array(["a,b", "c,,d", "e"], object)
POOL = {"max_gram_length": 2, "min_gram_length": 2, "max_skip_count": 0, "mode": "TF", "ngram_counts": [0, 4],
        "ngram_indexes": [0, 1, 2, 3, 4, 5, 6], "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7]}
LOCALE = "ONNX Runtime needs the locale en_US installed"

ROWS = [
    row("StringConcat", "string[N,3]", "string[3]", out="string[N,3]"),
    row("StringConcat", WORDS, np.array("x", object), out="string[3]"),
    row("RegexFullMatch", "string[N,3]", pattern="[a-z]+", out="bool[N,3]"),
    row("StringSplit", "string[N,3]", delimiter=",", out=["string[N,3,?]", "int64[N,3]"]),
    row("StringSplit", WORDS, delimiter=",", out=["string[3,3]", "int64[3]"]),
    row("StringSplit", WORDS, delimiter=",", maxsplit=1, out=["string[3,2]", "int64[3]"]),
    row("StringSplit", np.array([" a  b ", "c"], object), out=["string[2,2]", "int64[2]"]),
    row("StringSplit", np.array(["", ""], object), delimiter=",", out=["string[2,?]", "int64[2]"]),
    row("StringNormalizer", "string[N]", case_change_action="NONE", is_case_sensitive=1, out="string[N]"),
    row("StringNormalizer", "string[N]", case_change_action="NONE", is_case_sensitive=1, stopwords=["ab"], out="string[?]"),
    row("StringNormalizer", np.array(["ab", "x", "ab"], object), case_change_action="NONE", is_case_sensitive=1, stopwords=["ab"], out="string[1]"),
    row("StringNormalizer", np.array([["ab", "ab"]], object), case_change_action="NONE", is_case_sensitive=1, stopwords=["ab"], out="string[1,1]"),
    row("StringNormalizer", np.array(["Ab", "x", "y"], object), case_change_action="UPPER", is_case_sensitive=0, stopwords=["aB"], out="string[2]", oracle="published", why=LOCALE),
    row("StringNormalizer", "string[2,3]", case_change_action="NONE", is_case_sensitive=1, fails="the texts have 2 rows"),
    row("TfIdfVectorizer", "int64[N,9]", **POOL, out="float32[N,7]"),
    row("TfIdfVectorizer", "int32[C]", **POOL, out="float32[7]"),
]

test_rows = rows_test(ROWS)
