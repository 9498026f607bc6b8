"""French words without their endings, as the index compares them."""

import tantivy

# Accents are gone before: Snowball would cut `chaussée` and `chaussee` at different letters.
_STEMMER = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    .filter(tantivy.Filter.stemmer("french"))
    .build()
)


def stems_of(words: str) -> list[str]:
    """The stems of words that `lexical` gives, one space apart."""
    return [str(stem) for stem in _STEMMER.analyze(words)]


def stem(word: str) -> str:
    """The stem of one word."""
    return stems_of(word)[0]
