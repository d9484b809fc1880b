"""The closed vocabulary: what each word is called, which language it is, how it is spoken."""

ENGLISH: dict[str, str] = {
    "garden": "- g a r 0 - d @ n 0",
    "seven": "s e 0 v @ n 0",
    "window": "w i n 0 - d o 0",
    "team": "- t i m 0",
    "problem": "- p r a 0 - b l @ m 0",
    "people": "- p i 0 - p @ l 0",
    "yellow": "j e 0 l o 0",
    "river": "r i 0 v er 0",
    "coffee": "- k o 0 f i 0",
    "monday": "m v- n 0 - d e i 0",
    "simple": "s i m 0 - p @ l 0",
    "nothing": "n v- 0 th i ng 0",
    "because": "- b i 0 - k o z 0",
    "always": "o l 0 w e z 0",
    "morning": "m o r 0 n i ng 0",
    "money": "m v- 0 n i 0",
    "table": "- t e i 0 - b @ l 0",
    "open": "o 0 - p @ n 0",
    "summer": "s v- 0 m er 0",
    "finger": "f i ng 0 - g er 0",
    "have": "h ae v 0",
    "husband": "h v- z 0 - b @ n - d 0",
    "house": "h a u s 0",
    "girl": "- g er l 0",
}

CHINESE: dict[str, str] = {
    "我们": "w o 3 m @ n 4",
    "问题": "w @ n 4 - t i 2",
    "工作": "- g o ng 1 - z u o 4",
    "学习": "sh y- e 2 sh i 2",
    "朋友": "- p @ ng 2 j o u 3",
    "今天": "- d i n 1 - t j e n 1",
    "老师": "l a o 3 sh er 1",
    "公司": "- g o ng 1 s @ 1",
    "时间": "sh er 2 - d j e n 1",
    "中国": "- d sh o ng 1 - g u o 2",
    "喜欢": "sh i 3 h u a n 1",
    "客户": "- k @ 4 h u 4",
    "合作": "h @ 2 - z u o 4",
    "大家": "- d a 4 - d j a 1",
    "可以": "- k @ 3 j i 3",
    "妈妈": "m a 1 m a 1",
}

WORDS: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}
