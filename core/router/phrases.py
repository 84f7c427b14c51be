"""Expressions of several words the rules look for, in both languages, by group.

Written as they are looked for: folded (ä as ae, ß as ss), with one blank between words and no signs,
separated by a slash.
"""

from __future__ import annotations

_ANYWHERE: dict[str, str] = {
    # Anywhere in the question.
    "how_to": "welcher befehl / which command / what command / what is the command"
    " / mit welchem befehl / way to / how to / how do i / how can i / how would i / how would you"
    " / how should i / how do you / how can you / how can we / how do we / a way to / ways to"
    " / quick way / best way / easiest way / efficient way / pythonic way / is there a way"
    " / is it possible to / is there an easy / wie kann ich / wie kann man / wie koennen wir"
    " / wie mache ich / wie macht man / wie wuerdest du / wie geht das / wie bekomme ich"
    " / wie erstelle ich / wie erstellt man / wie lese ich / wie finde ich / wie loesche ich"
    " / wie schreibe ich / wie setze ich / wie installiere ich / wie starte ich / wie aendere ich"
    " / wie sortiere ich / wie ersetze ich / wie merge ich / wie rolle ich / wie zentriere ich"
    " / wie lasse ich / wie rufe ich / wie entferne ich / wie fuege ich / wie verbinde ich"
    " / wie oeffne ich / wie konvertiere ich / wie wandle ich / wie implementiere ich"
    " / wie programmiere ich / wie greife ich / wie pruefe ich / wie vergleiche ich"
    " / wie kopiere ich / wie binde ich / wie fuehre ich / wie zeige ich / wie liste ich"
    " / wie suche ich / wie richte ich / wie stelle ich / wie speichere ich / wie lade ich"
    " / wie teste ich / wie gebe ich / wie nutze ich / wie verwende ich / wie benutze ich"
    " / gibt es eine moeglichkeit / gibt es einen weg / eine moeglichkeit um"
    " / was ist der beste weg",
    "spoken_language": "in c / in r / in go / in java / in rust / in ruby / in swift / in scala"
    " / in julia / in excel / in bash / in shell / in assembly / in unity / in wordpress"
    " / in pascal / in basic / in delphi / in der shell / in a shell / in einer shell / c program"
    " / c programm / c code / c funktion / c function / r script / r skript / r program / r code"
    " / go program / go programm / go funktion / go function / java code / java program"
    " / java programm / java class / java klasse / java funktion / java function / java methode"
    " / java method / rust code / rust program / rust programm / rust funktion / rust function"
    " / ruby code / ruby script / ruby method / ruby funktion / swift code / swift funktion"
    " / swift function / shell script / shell skript / shell command / shell befehl / using java"
    " / using c / using go / using rust / using r / use java / use c / use go / mit java"
    " / mit rust / mit go / write c / c exam / java question / excel formula / excel formel"
    " / excel macro / excel makro / excel tabelle / ruby on rails / spring boot / scala code",
    "trade": "chrome extension / browser extension / vs code extension / browser addon / wordpress plugin /"
    " fetch aufruf / fetch call / fetch request / api call / api aufruf / api request"
    " / dependency injection / load balancing / load balancer / rate limiting / event loop"
    " / virtual machine / virtual machines / virtual environment / message queue"
    " / object relational / test driven / continuous integration / public key / private key"
    " / ssh key / connection pool / thread pool / semantic versioning / functional programming"
    " / lazy loading / infinite scroll / media query / function pointer / abstract class"
    " / abstract classes / multiple inheritance / operator overloading / type hints"
    " / lambda function / anonymous function / callback function / main function / helper function"
    " / static method / instance variable / global variable / global variables / local variable"
    " / base class / child class / parent class / abstrakte klasse / globale variable"
    " / lokale variable / statische methode / anonyme funktion / rekursive funktion / http request"
    " / get request / post request / query string / reverse proxy / dark mode / login page"
    " / nested list / nested loop / nested dictionary / command line tool / user input"
    " / random number generator / ternary operator / conditional operator / current directory"
    " / current folder / working directory / home directory / parent directory / home verzeichnis"
    " / aktuellen verzeichnis / aktuelles verzeichnis / aktuelle verzeichnis / standard input"
    " / standard output / command line / command prompt / regular expression / regular expressions"
    " / regulaerer ausdruck / regulaeren ausdruck / regulaere ausdruecke / linked list"
    " / linked lists / verkettete liste / binary tree / binary search / binaere suche"
    " / binaerer baum / hash table / hash map / data frame / data frames / data structure"
    " / data structures / null pointer / unit test / unit tests / pull request / merge request"
    " / web server / web app / web application / web page / web site / landing page / source code"
    " / open source / object oriented / log file / log files / config file / configuration file"
    " / environment variable / environment variables / time complexity / dynamic programming"
    " / design pattern / design patterns / user interface / logged in / given list / given string"
    " / given array / an array / list of integers / list of strings / list of numbers"
    " / array of integers / two lists / two strings / two arrays / einen string / eines strings"
    " / key value / access token / rest api / rest schnittstelle / tab separated / comma separated"
    " / on the server / auf dem server / drop down / cron job / cron jobs / api key / while loop"
    " / for loop / foreach loop / for schleife / while schleife / if statement / switch statement"
    " / try catch / print statement / machine code / stack overflow / heap memory / memory leak"
    " / garbage collection / race condition / primary key / foreign key / stored procedure"
    " / version control / operating system / pivot table / conditional formatting / file system"
    " / dateisystem / root password / ip address / mac address / port number / process id"
    " / disk space / disk usage / hard drive / usb stick / boot loader / pseudo code"
    " / programming language / programming languages / programmiersprache / programmiersprachen"
    " / int i / computer program / computerprogramm / web scraper / event handler / click handler"
    " / web component / stack trace / exit code / status code / error code / error message"
    " / compile error / type error / bash script / batch file / docker compose / code snippet"
    " / following code / the code / given code / this code / diesen code / dieser code"
    " / diesem code / my code / mein code / meinem code / meinen code / the program"
    " / this function / this script / dieses skript / diese funktion / mein programm / my program"
    " / my script / mein skript",
    "asks_number": "how many / how much / how long / how old / how far / how fast / how tall"
    " / how high / how big / what is / what was / what will / what percentage / what percent"
    " / what fraction / in how many / wie viel / wie viele / wieviel / wieviele / wie lange"
    " / wie alt / wie weit / wie schnell / wie hoch / wie teuer / wie gross / wie oft / wie schwer"
    " / berechne / berechnen / calculate / find the / bestimme / welcher anteil / was ist"
    " / was kostet / what time / what s the / wann / when / um wie viel / wie viel prozent"
    " / what are / at what / determine",
    "fault": "traceback most recent / segmentation fault / core dumped / stack trace"
    " / undefined reference / permission denied / command not found / no such file"
    " / unexpected token / syntax error / bad gateway / non fast forward / exit code / cannot open"
    " / internal server error / connection refused / access denied",
    "explains_command": "was macht dieser befehl / was macht der befehl / what does this command"
    " / what does the command / was macht dieser code / what does this code"
    " / what does this function / was bewirkt / was macht / what does",
    "rate": "as many as / as much as / twice as / half as / half of / times as / more than"
    " / less than / fewer than / per day / per hour / per week / per month / per year / a day"
    " / an hour / a week / a month / a piece / so viele / so viel / mal so / doppelt so / halb so"
    " / so alt wie / mehr als / weniger als / am tag / in der woche / pro tag / pro stunde"
    " / pro woche / pro monat / pro jahr / pro stueck / die haelfte / how many more"
    " / how much more / are left / is left / in total / each one / im vergleich / of them / davon"
    " / each of",
    "many_ways": "expected number / expected value / im mittel / how many ways / wie viele arten"
    " / wie viele moeglichkeiten / wie viele verschiedene / how many different / auf wie viele"
    " / in how many",
    "reasoning": "step by step / schritt fuer schritt / explain your reasoning / explain your answer"
    " / show your work / your reasoning / justify your answer / begruende deine / begruende die"
    " / begruenden sie / think carefully / reason through / give reasons / mit begruendung"
    " / rechenweg / loesungsweg / explain each step / jeden schritt / explain why / erklaere warum"
    " / think step / think about it / denk nach / ueberlege / deine antwort begruenden"
    " / your answer / reasoning / hidden assumption / assumption is / the flaw / flaw in / denkfehler"
    " / in this argument / in dieser argumentation / does the conclusion / gruendlich nach",
    "letter": "thank you note / thank you card / greeting card / birthday card / birthday message"
    " / love letter / dankeskarte / geburtstagskarte / liebesbrief / letter to my / note to my"
    " / brief an / karte an / karte fuer / nachricht an",
    "at_length": "in detail / in great detail / in depth / at length / thoroughly / ausfuehrlich"
    " / ausfuehrliche / ausfuehrlichen / im detail / im einzelnen / gruendlich / detailliert"
    " / detaillierte / detaillierten / comprehensive / umfassend / umfassende / rechne es durch"
    " / rechnet es durch / think through / durchdenke / durchdenken / weigh up / wogegen",
    "in_short": "ganz kurz / in short / in a nutshell / in one sentence / in einem satz / briefly"
    " / kurz gesagt / in a word / in einem wort / quick answer / short answer / kurze antwort"
    " / nur kurz / tl dr",
    "maths_phrase": "such that / for all x / for every x / fuer alle x / with respect to"
    " / square root / prime number / real numbers / positive integers / whole numbers"
    " / natuerliche zahlen / natuerlichen zahlen / reelle zahlen / reellen zahlen / ganze zahlen"
    " / ganzen zahlen / how many integers / so dass gilt / common divisor / gemeinsame teiler"
    " / least common / even number / even numbers / odd number / odd numbers / gerade zahl / gerade zahlen"
    " / gerader zahlen / ungerade zahl / ungerade zahlen / ungerader zahlen / perfect square"
    " / quadratzahl / rigorous proof / formal proof / a proof / this proof / proof of / proof that"
    " / strenger beweis / strengen beweis / einen beweis / dieser beweis / diesem beweis",
    "how_many": "how many / wie viele / wieviele",
    "how_can_one": "wie laesst sich / wie lassen sich / wie kann man / wie koennen wir / how can we"
    " / how can one / how do we / was kann man / what can we",
    "this_command": "dieser befehl / this command / der folgende befehl / following command"
    " / dieser code / this code / diese zeile / this one liner / this script / dieses skript",
    "how_with": "wie geht das mit / how do i use / how to use / wie benutze ich / wie verwende ich"
    " / wie nutze ich / wie bediene ich",
    "truth": "tells the truth / tell the truth / always lies / says the truth / always tells"
    " / telling the truth / sagt die wahrheit / sagt immer die wahrheit / luegt immer"
    " / immer luegt / immer die wahrheit / luegen immer / luegen nie / nie die wahrheit / never lies"
    " / always lie / never lie / always tell / luegen ritter / luegen schurken",
    "odd": "following sentence / following statement / following argument / following statements"
    " / folgende aussage / folgende aussagen / logically consistent / does not belong"
    " / doesn t belong / passt nicht / odd one out / gehoert nicht dazu / what comes next"
    " / next number / naechste zahl / next in the sequence / wie geht die reihe / in a race"
    " / overtake / ueberholst / can we conclude / can it be concluded / kann man schliessen"
    " / folgt daraus / does it follow / which statement / welche aussage / cross the river"
    " / ueber den fluss / odd man out",
    "places": "in einer reihe / in a row / in a line / left of / right of / to the left"
    " / to the right / next to / sits between / sitting between / who sits / sits beside"
    " / links von / rechts von / links vom / rechts vom / ganz hinten / ganz vorn / sitzt zwischen"
    " / sitzt neben / wer sitzt / north of / south of / noerdlich von / suedlich von"
    " / on either side",
    "puzzle": "logikraetsel / logic puzzle / brain teaser / denksportaufgabe / knobelaufgabe / what day is"
    " / which day is / day after tomorrow / days before / days after"
    " / welcher tag / uebermorgen / vorgestern / tage vor / tage nach / is heavier / is lighter"
    " / ist schwerer / ist leichter / all but / alle bis auf / same number of / smallest number of"
    " / largest number of / fewest / which of the following / welche der folgenden / swap / swaps"
    " / at the same time / gleichzeitig / guess / in the series / wie kommt er / wie kommen sie"
    " / who is the / mindestens / at least / at most / hoechstens / exactly one / genau ein"
    " / wer ist der / labelled / beschriftet / half full / older than / younger than / taller than"
    " / aelter als / juenger als / groesser als / kleiner als / schneller als / faster than"
    " / mother of / father of / son of / brother of / sister of / bruder von / vater von"
    " / mutter von / relationship to",
    "deep": "take a position / nehmen sie stellung / nimm stellung / for and against / fuer und gegen"
    " / was spricht fuer / was spricht gegen / what speaks for / what speaks against"
    " / unterscheiden sich / unterscheidet sich / advantages and disadvantages / pros and cons"
    " / vor und nachteile / vorteile und nachteile / both sides / beide seiten / write an essay"
    " / schreibe einen aufsatz / schreibe ein essay / schreiben sie einen aufsatz"
    " / schreiben sie ein essay / what role / welche rolle / the role of / die rolle / should we"
    " / should there / sollte es / sollten wir / sollte man / what would happen"
    " / was wuerde passieren / was waere wenn / what if / was waere / how might / to what extent"
    " / inwiefern / inwieweit / how can governments / relationship between / zusammenhang zwischen"
    " / what factors / which factors / welche faktoren / business plan / a plan for / plan to"
    " / strategy for / create a plan / describe a scenario / worauf sollte / worauf achtet"
    " / potential implications / potential impact / moegliche folgen / arguments for"
    " / argumente fuer und / key factors / main causes / point of view / case study"
    " / in der lage waere / it possible that / compare and contrast / wie koennte / wie koennten"
    " / was waeren / what would be / what are the challenges / how can we",
    "frame": "difference between / differences between / unterschied zwischen / unterschiede zwischen"
    " / wie erkennt man / wie erkenne ich / how can you tell / how can one tell"
    " / how do you know if / how do you know whether / provide insights / provide an overview"
    " / provide a detailed / what are some / what are the most / what are the main"
    " / what are the key / what are the best / was sind die wichtigsten / was sind die besten"
    " / was sind einige / was hilft am besten / what is the best way / welche unterschiede"
    " / woran erkennt man / what can be done / was kann man gegen / was kann man tun",
    "broad": "what makes / was macht / difference between / differences between"
    " / unterschied zwischen / unterschiede zwischen / main differences / the concept of"
    " / das konzept / the process of / den prozess / how does / how do / how did / how has"
    " / how have / wie funktioniert / wie funktionieren / wie wirkt / wie wirken / wie entsteht"
    " / wie entstehen / wie hat sich / wie haengt / wie haengen / wie traegt / wie tragen"
    " / what caused / in a way that / ways in which / the importance of / die bedeutung",
    "and_why": "and why / und warum / und weshalb / und wieso / und wie / and how / and what"
    " / und was / und welche / sowie / as well as / and discuss / and explain / und erklaere"
    " / und diskutiere / but why / why or why not",
    "together": "long do both / brauchen beide / zusammen / together / altogether",
}

_OPENING: dict[str, str] = {
    # What the question begins with, polite words left out.
    "fact": "who / whom / whose / when / where / what / what s / which / in what / in which"
    " / on which / on what / at what / at which / by what / by which / to which / to what"
    " / for which / for what / from which / from what / of which / with which / how many"
    " / how much / how old / how tall / how high / how big / how far / how fast / how long"
    " / how often / how large / how deep / how heavy / how hot / how cold / how wide / how rich"
    " / is there / are there / is a / is an / is the / was the / was there / are the / did the"
    " / does the / do the / has the / did / was / name / name the / name a / wer / wen / wem"
    " / wessen / wann / wo / woher / wohin / wofuer / wovon / woraus / womit / wodurch / woran"
    " / worin / worauf / wonach / wie viel / wie viele / wieviel / wieviele / wie alt / wie gross"
    " / wie hoch / wie lang / wie lange / wie oft / wie weit / wie schnell / wie tief / wie schwer"
    " / wie heisst / wie heissen / wie hiess / wie hiessen / wie lautet / wie lautete / wie nennt"
    " / wie nannte / wie wird / wie wurde / wie werden / wie wurden / wie reich / wie stark"
    " / wie breit / wie warm / wie kalt / welche / welcher / welches / welchen / welchem"
    " / in welchem / in welcher / in welchen / in welche / auf welcher / auf welchem / auf welchen"
    " / aus welchem / aus welcher / aus welchen / mit welchem / mit welcher / mit welchen"
    " / von welchem / von welcher / von welchen / zu welchem / zu welcher / zu welchen"
    " / an welchem / an welcher / an welchen / bei welchem / bei welcher / bei welchen / seit wann"
    " / bis wann / ab wann / fuer welche / fuer welchen / fuer welches / durch welche"
    " / durch welchen / unter welchem / unter welcher / nach wem / nach welchem / ueber welche"
    " / ueber welchen / gegen wen / gegen welche / von wem / mit wem / fuer wen / fuer was"
    " / ist die / ist der / ist das / ist ein / ist eine / sind die / gibt es / gab es / hat der"
    " / hat die / hatte die / nenne / nenn / according to / um wie viel / zu wem / an wen"
    " / auf was / zwischen welchen / innerhalb welcher / vor welchem / um was",
    "who_when_where": "who / whom / whose / when / where / how old / how tall / how high / how far"
    " / how deep / how big / how long / in what year / in which year / what year / which year"
    " / in what country / in which country / in what city / in which city"
    " / what does the abbreviation / what is the capital / what s the capital / wer / wen / wem"
    " / wessen / wann / wo / woher / wohin / wie alt / wie hoch / wie heisst / wie hiess"
    " / wie lange / wie lang / wie nennt man / in welchem jahr / in welchem land"
    " / in welcher stadt / in welchem jahrhundert / wofuer steht / wofuer stand / seit wann"
    " / von wem / which country / which city / which actor / which film / which movie"
    " / which river / welcher fluss / welcher schauspieler / welches land / welche stadt"
    " / which planet / what country / what city / what actor / who s / mit wem",
    "if": "if / wenn / falls / suppose / assume / angenommen / given / gegeben / let / sei / seien"
    " / consider / imagine / stell dir / stellen sie sich / you have / du hast",
    "why": "why / warum / weshalb / wieso",
    "proof": "prove / beweise / beweisen / show that / zeige dass / zeigen sie dass / derive"
    " / leite die / leiten sie / disprove / widerlege",
    "thing": "a function / a script / a class / a query / a regex / a method / a command / a program"
    " / an algorithm / ein skript / eine funktion / eine klasse / eine abfrage / ein programm"
    " / eine methode / ein befehl / ein algorithmus / function / funktion / query / abfrage",
}


_POLITE = (
    "please / pls / bitte / kindly / hi / hello / hey / hallo / moin / servus / ok / okay / now"
    " / so / and / und / also / question / frage / task / aufgabe / problem / then / dann / just"
    " / quickly / kurz / schnell / mal / doch / in python / can you please / could you please"
    " / would you please / can you / could you / would you / will you / can i / i want you to"
    " / i would like you to / i need you to / help me to / help me / let s / i want to / i need to"
    " / i would like to / i d like to / i m trying to / i am trying to / can you help me / tell me"
    " / show me how / kannst du mir bitte / kannst du mir / kannst du bitte / kannst du"
    " / koennen sie mir / koennen sie bitte / koennen sie / koenntest du mir / koenntest du bitte"
    " / koenntest du / koennten sie mir / koennten sie bitte / koennten sie / wuerdest du"
    " / hilf mir / ich moechte dass du / ich will / ich moechte / sag mir / sagen sie mir"
    " / weisst du / wissen sie / do you know / mit python / exercise / uebung / example / beispiel"
)
"""Words before what is wanted."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _split(text: str) -> list[tuple[str, ...]]:
    return [tuple(phrase.split()) for phrase in text.split("/")]


Phrase = tuple[str, ...]


def _by_beginning() -> dict[str, dict[str, tuple[tuple[Phrase, str], ...]]]:
    found: dict[str, dict[str, tuple[tuple[Phrase, str], ...]]] = {}
    for group, text in _ANYWHERE.items():
        for phrase in _split(text):
            # A phrase of one word is found whatever follows.
            after = found.setdefault(phrase[0], {})
            second = phrase[1] if len(phrase) > 1 else ""
            after[second] = (*after.get(second, ()), (phrase, group))
    return found


PHRASES = _by_beginning()
"""The phrases that may stand anywhere, with their groups, by their first and second word."""

OPENINGS: dict[str, frozenset[tuple[str, ...]]] = {
    group: frozenset(_split(text)) for group, text in _OPENING.items()
}
"""The phrases a question may begin with."""

PREPOSITIONS = _listed(
    "in on at during after before by for from of to with under im am bei beim nach vor seit laut auf an"
    " aus mit von vom zu zum zur unter ueber fuer durch according entsprechend neben"
)
"""A question may begin with one of these and ask only then: in the year 1905, who …"""

ASKING = _listed(
    "which what who whom when where welche welcher welches welchen welchem wer wen wem was wann wo"
)

LONGEST_OPENING = max(len(phrase) for phrases in OPENINGS.values() for phrase in phrases)

POLITE = frozenset(_split(_POLITE))
POLITE_LONGEST = max(map(len, POLITE))
