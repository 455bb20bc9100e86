"""What a text asks is told from what it states, in any script."""

import pytest

from cognition.mechanisms.sentences import asks, parted


@pytest.mark.parametrize(
    ("text", "stated", "asked"),
    [
        ("I paint. Do you paint? I do!", "I paint. I do!", "Do you paint?"),
        ("Really?! No.", "No.", "Really?!"),
        ('She asked "why?" Then she left.', "Then she left.", 'She asked "why?"'),
        ("Is it 3.5 km?", "", "Is it 3.5 km?"),
        ("See example.org/?q=1 for it.", "See example.org/?q=1 for it.", ""),
        ("What\nWho?\nMe", "What Me", "Who?"),
        ("Nothing is asked here.", "Nothing is asked here.", ""),
        ("Si vienes, ¿qué traes? Pan.", "Si vienes, Pan.", "qué traes?"),
        ("我喜欢茶。你呢？我也是。", "我喜欢茶。 我也是。", "你呢？"),
        ("これは何ですか。お茶です。", "お茶です。", "これは何ですか？"),
        ("名前は何ですか?ペッパーです。", "ペッパーです。", "名前は何ですか?"),
        ("你呢?!我也是。", "我也是。", "你呢?!"),
        ("例 example.org/?q=茶 です。", "例 example.org/?q=茶 です。", ""),
        ("ماذا تشرب؟ أشرب الشاي.", "أشرب الشاي.", "ماذا تشرب؟"),
        ("Τι πίνεις; Τσάι.", "Τσάι.", "Τι πίνεις?"),
        ("Τι πίνεις\u037e Τσάι.", "Τσάι.", "Τι πίνεις?"),
        ("One; two. Ok?", "One; two.", "Ok?"),
        ("Ի՞նչ ես խմում։ Թեյ։", "Թեյ։", "Ի՞նչ ես խմում։"),
        ("እንዴት ነህ፧ ደህና።", "ደህና።", "እንዴት ነህ፧"),
        ("Really?😀 I went.", "😀 I went.", "Really?"),
        ("Unfinished?", "", "Unfinished?"),
        ("", "", ""),
    ],
)
def test_questions_are_parted_from_statements(text: str, stated: str, asked: str) -> None:
    assert tuple(" ".join(part.split()) for part in parted(text)) == (stated, asked)


def test_a_semicolon_asks_after_a_greek_letter_only() -> None:
    assert asks("Τι;")
    assert not asks("café; tea")
