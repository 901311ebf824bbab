"""Questions about specifications and traces. In reading order:

`machines`, `joint_words`      automata of rules read together; shortest and nearest words, endings
`judge`, `traces`              a specification over letters with values; a trace as it was written
`checking`, `report`           where a trace goes wrong, and what should have come (`lookalikes`, `spelling`)
`verdicts`                     what is settled after a part of a trace, and what is owed
`linting`, `findings`          rules that conflict or say nothing (`triggers`, `foreseeing`)
`difference`, `sampling`, `drawing`
"""
