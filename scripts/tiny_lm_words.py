"""The word lists from which the training text of the bundled model is drawn.

Written for this project, in the public domain in substance: names, places and everyday words only. They are broad
enough that byte-pair merging finds 4,096 useful tokens, and hold some non-ASCII spellings so that tokens which are
partial UTF-8 occur as well.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """Ada Alan Alice Amara Amir Ana Anders Anna Arjun Astrid Ben Bianca Boris Carla Carlos Chen Chloe Clara Daniel
    Dara David Diana Dmitri Edith Elena Eli Emma Erik Esther Eva Farah Felix Fiona Frank Gabriel George Grace Greta
    Hana Hans Harper Hassan Hugo Ida Igor Ines Ingrid Iris Ivan Jack James Jana Jin Joan John Jonas Julia Kai Karen
    Karl Kim Lars Laura Leila Leo Lena Liam Lin Linus Lisa Lucia Luis Maja Marco Maria Mark Marta Max Mei Mia Milan
    Mira Mohamed Nadia Nathan Nina Noah Nora Olga Oliver Omar Oscar Paul Pedro Petra Priya Quinn Rachel Rahul Rania
    Rita Robert Rosa Ruth Sam Samira Sara Sofia Stefan Sven Tara Theo Thomas Tom Uma Vera Victor Wei Yara Yuki Yusuf
    Zara Zoe José Zoë Søren Łukasz Chloé Jürgen Noémie Åsa"""
)
LAST_NAMES = _words(
    """Abbott Adeyemi Ahmed Almeida Andersen Baker Becker Bell Berg Brown Carter Castro Chen Clark Cohen Cooper Costa
    Cruz Dahl Davis Diaz Dubois Eriksen Evans Fischer Foster Fox Garcia Gomez Grant Green Gupta Haas Hall Hansen
    Hassan Hill Hoffman Hughes Ito Ivanov Jackson Jensen Johnson Jones Kang Kaplan Keller Khan Kim King Klein Kumar
    Lang Larsen Lee Lewis Lopez Lovelace Marino Martin Mehta Meyer Miller Moore Morgan Murphy Nguyen Novak Okafor
    Olsen Ortiz Park Patel Perez Petrov Popov Price Quist Ramos Reed Reyes Rivera Roberts Rossi Russo Santos Sato
    Schmidt Shah Silva Singh Smith Stein Stone Suzuki Tanaka Taylor Thomas Torres Turing Turner Vargas Vogel Walker
    Wang Ward Weber White Wilson Wong Wood Wright Yang Young Zhang Ziegler Müller Peña Novák Sørensen"""
)
CITIES = (
    *_words(
        """Accra Amsterdam Athens Austin Bangkok Barcelona Beijing Berlin Bern Bogota Boston Brussels Budapest Cairo
        Chicago Copenhagen Dakar Delhi Denver Dublin Geneva Hamburg Hanoi Helsinki Istanbul Jakarta Kyoto Lagos Lima
        Lisbon London Lyon Madrid Manila Melbourne Miami Milan Montreal Moscow Mumbai Munich Nairobi Naples Osaka Oslo
        Ottawa Paris Porto Prague Quito Riga Rome Santiago Seattle Seoul Shanghai Singapore Sofia Stockholm Sydney
        Taipei Tallinn Tokyo Toronto Tunis Turin Valencia Vienna Vilnius Warsaw Zurich Zürich Malmö Kraków"""
    ),
    "New York",
    "San Francisco",
    "Los Angeles",
    "Cape Town",
    "Buenos Aires",
    "São Paulo",
    "東京",
    "Mexico City",
)
STREETS = _words(
    """Oak Maple Cedar Pine Elm Main Park Lake Hill River Church Mill Station Garden King Queen Market Bridge School
    North South East West Spring Sunset Meadow Forest Harbour Castle Chestnut Willow Rose High Mountain Valley Ocean"""
)
STREET_KINDS = ("Street", "Road", "Avenue", "Lane", "Drive", "Square", "Way", "Court")
NOUNS = _words(
    """apple answer artist autumn bag bank basket bell bicycle bird boat book bottle box bread bridge brother bus button
    cake camera car castle cat chair child city class clock cloud coat coffee colour computer corner country cup
    customer daughter day desk doctor dog door dream driver ear engine evening eye face family farm farmer field film
    fire fish flower forest friend fruit game garden gate gift girl glass group guitar hand hat heart hill holiday home
    horse hospital hotel house idea island jacket job journey juice key king kitchen lake lamp language leaf lesson
    letter library light line machine man map market meal meeting message milk mirror moment money month moon morning
    mother mountain mouse museum music name neighbour news night noise notebook number ocean office orange painter
    paper parcel park partner path pencil people phone photo picture place plan plane plant plate poem pocket police
    present price problem queen question rain reader reason restaurant result rice river road room rope rule sailor
    school sea season shelf ship shirt shop shoulder sister sky snow song sound spoon star station stone story
    street student summer sun table teacher team ticket time tower town toy train tree uncle village voice wall watch
    water weather week wheel wind window winter woman word worker world writer year"""
)
ADJECTIVES = _words(
    """angry beautiful big black blue bright broken brown busy calm careful cheap clean clear clever cold common cool
    dark deep different difficult dry early easy empty famous fast fine fresh friendly full gentle good great green
    grey happy heavy helpful high hot hungry important kind large late light little local long lost loud lucky modern
    narrow new nice noisy old open orange perfect poor popular pretty public quick quiet ready red rich round sad safe
    sharp short silver simple slow small smooth soft special strange strong sudden sweet tall thin tired tiny useful
    warm weak white wide wild wise wonderful wooden wrong yellow young"""
)
PAST_VERBS = _words(
    """accepted asked bought brought built called carried changed checked cleaned closed cooked counted crossed drew
    dropped enjoyed explained fixed followed forgot found gave heard held helped hid invited kept knew left liked
    loved made met missed moved needed noticed opened ordered painted passed picked planned played prepared pulled
    pushed reached read remembered repaired returned saved saw sent shared showed sold started stopped studied touched
    took tried used visited wanted washed watched wrote"""
)
ADVERBS = _words(
    """again almost already always badly carefully early easily finally gently happily here loudly never often once
    outside perhaps quickly quietly rarely really slowly sometimes soon suddenly there today together tomorrow twice
    usually well yesterday"""
)
TAGS = _words(
    """admin alpha archive art audio backend beta blue books cloud coffee data demo design dev docs draft family food
    fresh frontend fun games garden gold green guest health home hot ideas internal java legal lead local mail math
    member mobile music new news office old open paid photo priority private public python quick red remote research
    rust sale science security shared silver social sport staff star stable team tech test travel urgent vip web work"""
)
PRODUCTS = (
    "desk lamp",
    "water bottle",
    "notebook",
    "wireless mouse",
    "keyboard",
    "coffee mug",
    "phone case",
    "backpack",
    "headphones",
    "office chair",
    "garden hose",
    "paint brush",
    "running shoes",
    "wool scarf",
    "tea pot",
    "bread knife",
    "yoga mat",
    "alarm clock",
    "picture frame",
    "bicycle pump",
    "rain jacket",
    "cutting board",
    "screwdriver set",
    "USB cable",
    "green tea",
    "olive oil",
    "sketch book",
    "board game",
    "flashlight",
    "wall clock",
)
EVENTS = (
    "Team meeting",
    "Project review",
    "Birthday party",
    "Book club",
    "Design workshop",
    "Lunch with the team",
    "Yoga class",
    "Board meeting",
    "Code review",
    "Summer concert",
    "Chess evening",
    "Product launch",
    "Job interview",
    "City tour",
    "Training session",
    "Science fair",
    "Family dinner",
    "Sprint planning",
    "Budget talk",
    "Museum visit",
)
ROOMS = (
    "Room 12",
    "Main hall",
    "Library",
    "Café Luna",
    "Room 4B",
    "Office",
    "City park",
    "Studio 3",
    "Online",
    "Lobby",
)
CONDITIONS = ("sunny", "cloudy", "rain", "snow", "storm", "fog", "windy")
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
COLOURS = ("red", "green", "blue", "black", "white", "yellow", "grey", "purple", "orange", "brown")
DOMAINS = ("example.com", "mail.org", "work.net", "school.edu", "post.io", "home.de")
FIELDS = _words(
    """id name title type value count total price status active enabled level score rank size width height weight
    length colour city country language version author owner user group role email phone url path file date time
    created updated start end duration currency amount quantity category tags labels items notes comment description
    summary message code error result output input parent children options settings limit offset page source target
    latitude longitude rating views likes year month day priority state reason"""
)
TABLES = ("users", "orders", "products", "events", "cities", "books", "logs", "sales", "tickets", "employees")
COLUMNS = _words("id name age city price total status country created_at quantity rating title category email year")
