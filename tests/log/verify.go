// Checks a log that dikuai wrote, by golang.org/x/mod/sumdb alone: checkpoints, every entry, tiles, and both kinds of
// proofs, which must be the very ones that tlog makes of the tiles. Then adds a signature of its own.
//
//	verify DIR
//
// DIR has key, checkpoint/SIZE, tile/…, inclusion/*.tlog-proof and consistency/OLD; witness.key and witness.note are
// written into it. Ends with 1 at the first thing that is not as it must be.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

func fail(format string, values ...interface{}) {
	must(fmt.Errorf(format, values...))
}

func read(parts ...string) []byte {
	data, err := os.ReadFile(filepath.Join(parts...))
	must(err)
	return data
}

type files struct{ dir string }

func (f files) Height() int { return 8 }

// The names of tlog have the height in front: tile/8/0/000.
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.dir, "tile", strings.TrimPrefix(tile.Path(), "tile/8/")))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f files) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func parseHash(text string) tlog.Hash {
	hash, err := tlog.ParseHash(text)
	must(err)
	return hash
}

// A checkpoint with two signatures, of which this library knows one type.
func open(data []byte, verifier note.Verifier) (*note.Note, tlog.Tree) {
	n, err := note.Open(data, note.VerifierList(verifier))
	must(err)
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 1 {
		fail("%d signatures are known and %d are not", len(n.Sigs), len(n.UnverifiedSigs))
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		fail("not the text of a checkpoint: %q", n.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	return n, tlog.Tree{N: size, Hash: parseHash(lines[2])}
}

// The number behind a word, the hashes, and the checkpoint behind an empty line.
func parseProof(text, word string) (int64, []tlog.Hash, []byte) {
	parts := strings.SplitN(text, "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if !strings.HasPrefix(lines[0], word+" ") {
		fail("a proof begins with %q", lines[0])
	}
	number, err := strconv.ParseInt(strings.TrimPrefix(lines[0], word+" "), 10, 64)
	must(err)
	hashes := []tlog.Hash{}
	for _, line := range lines[1:] {
		hashes = append(hashes, parseHash(line))
	}
	return number, hashes, []byte(parts[1])
}

func same(a, b []tlog.Hash) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// All entries in their bundles, against the hashes that the tiles have.
func checkEntries(dir string, size int64, reader tlog.HashReader) []tlog.Hash {
	var indexes []int64
	for i := int64(0); i < size; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	hashes, err := reader.ReadHashes(indexes)
	must(err)
	at := int64(0)
	for n := int64(0); n*256 < size; n++ {
		width := 256
		if left := size - n*256; left < 256 {
			width = int(left)
		}
		tile := tlog.Tile{H: 8, L: 0, N: n, W: width}
		bundle := read(dir, "tile", "entries", strings.TrimPrefix(tile.Path(), "tile/8/0/"))
		for len(bundle) > 0 {
			length := int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:2+length]) != hashes[at] {
				fail("entry %d is not what its hash says", at)
			}
			bundle = bundle[2+length:]
			at++
		}
	}
	if at != size {
		fail("bundles have %d entries of %d", at, size)
	}
	return hashes
}

func main() {
	dir := os.Args[1]
	verifier, err := note.NewVerifier(string(read(dir, "key")))
	must(err)
	trees := map[int64]tlog.Tree{}
	var newest *note.Note
	var tree tlog.Tree
	names, err := os.ReadDir(filepath.Join(dir, "checkpoint"))
	must(err)
	for _, name := range names {
		data := read(dir, "checkpoint", name.Name())
		n, t := open(data, verifier)
		if strconv.FormatInt(t.N, 10) != name.Name() {
			fail("the checkpoint of %s says %d", name.Name(), t.N)
		}
		trees[t.N] = t
		if t.N > tree.N {
			newest, tree = n, t
		}
		root, err := tlog.TreeHash(t.N, tlog.TileHashReader(t, files{dir}))
		must(err)
		if root != t.Hash {
			fail("the root of %d", t.N)
		}
	}
	reader := tlog.TileHashReader(tree, files{dir})
	leaves := checkEntries(dir, tree.N, reader)

	names, err = os.ReadDir(filepath.Join(dir, "inclusion"))
	must(err)
	for _, name := range names {
		lines := strings.SplitN(string(read(dir, "inclusion", name.Name())), "\n", 3)
		if lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") {
			fail("%s begins with %q", name.Name(), lines[0])
		}
		_, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
		must(err)
		index, given, checkpoint := parseProof(lines[2], "index")
		if _, t := open(checkpoint, verifier); t != tree {
			fail("%s is of another tree", name.Name())
		}
		own, err := tlog.ProveRecord(tree.N, index, reader)
		must(err)
		if !same(own, given) {
			fail("the proof of entry %d is another", index)
		}
		must(tlog.CheckRecord(given, tree.N, tree.Hash, index, leaves[index]))
	}
	inclusions := len(names)

	names, err = os.ReadDir(filepath.Join(dir, "consistency"))
	must(err)
	for _, name := range names {
		old, given, _ := parseProof(string(read(dir, "consistency", name.Name())), "old")
		own, err := tlog.ProveTree(tree.N, old, reader)
		must(err)
		if !same(own, given) {
			fail("the proof of size %d is another", old)
		}
		must(tlog.CheckTree(given, tree.N, tree.Hash, old, trees[old].Hash))
	}

	private, public, err := note.GenerateKey(rand.Reader, "witness.example/go")
	must(err)
	signer, err := note.NewSigner(private)
	must(err)
	signed, err := note.Sign(newest, signer)
	must(err)
	if !bytes.Contains(signed, []byte("— witness.example/go ")) {
		fail("no signature was added")
	}
	must(os.WriteFile(filepath.Join(dir, "witness.key"), []byte(public), 0o666))
	must(os.WriteFile(filepath.Join(dir, "witness.note"), signed, 0o666))
	fmt.Printf("%d checkpoints, %d entries, %d inclusion proofs, %d consistency proofs\n",
		len(trees), len(leaves), inclusions, len(names))
}
