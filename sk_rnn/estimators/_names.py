"""Suggestions for unknown parameter names."""

import difflib
from collections.abc import Iterable

# Names of parameters, and their names in Keras, PyTorch, skorch, scikit-learn, boosting libraries,
# sktime and darts. A name may occur several times: the first parameter that the estimator has wins.
_ELSEWHERE = {
    "cell": """rnn_type cell_type rnn_cell cell_name model mode rnn unit_type nonlinearity
        activation recurrent_activation encoder_type decoder_type module""",
    "hidden_size": """units n_units num_units n_hidden num_hidden hidden hidden_dim hidden_units
        hidden_dims hidden_layer_sizes hidden_layer_size hidden_channels rnn_units rnn_size
        state_size lstm_units gru_units d_model latent_dim encoding_dim code_size bottleneck
        encoder_hidden_size decoder_hidden_size neurons n_neurons""",
    "num_layers": """n_layers layers n_rnn_layers num_rnn_layers num_hidden_layers n_hidden_layers
        rnn_layers depth nlayers encoder_layers decoder_layers""",
    "bidirectional": "bidir bi_directional is_bidirectional birnn go_backwards merge_mode",
    "pooling": """pool pool_type pooling_type aggregation reduction readout last_hidden attention
        attn use_attention""",
    "return_sequences": """return_sequence per_step per_timestep sequence_output tagging
        many_to_many time_distributed""",
    "conv_channels": "filters n_filters num_filters channels n_channels out_channels cnn_filters",
    "conv_kernel_size": "kernel_size filter_size kernel",
    "conv_stride": "stride strides downsampling subsampling",
    "patch_size": "patch_len patch_length patch_dim frame_stacking n_stack frames_per_step",
    "embedding_dim": """embedding_size embed_dim embed_size emb_dim emb_size embeddings_dim
        embedding_dims output_dim word_dim word_embedding_dim n_embd embedding""",
    "num_embeddings": """input_dim vocab_size vocabulary_size n_vocab num_tokens n_tokens
        max_features num_words max_tokens n_words""",
    "embedding_weights": """embedding_matrix pretrained_embeddings pretrained embeddings
        word_vectors weights_matrix embeddings_initializer""",
    "freeze_embedding": """freeze freeze_embeddings fixed_embeddings trainable
        train_embeddings""",
    "embedding_dropout": "dropout_emb emb_dropout spatial_dropout dropout_embedding",
    "word_dropout": "token_dropout dropout_word",
    "padding_value": """mask_value pad_value padding_idx pad_idx pad_token_id pad masking
        mask_zero""",
    "dropout": """dropout_rate drop_rate dropout_p p_dropout drop_prob keep_prob fc_dropout
        dropout_prob hidden_dropout""",
    "recurrent_dropout": "rnn_dropout variational_dropout dropout_rnn state_dropout zoneout",
    "layer_norm": "layernorm layer_normalization use_layer_norm",
    "head_norm": "batch_norm batchnorm batch_normalization use_batch_norm",
    "scale_inputs": """normalize standardize scale scaler normalize_inputs scaling standardise
        normalise""",
    "optimizer": "solver optim optimiser optimizer_cls optimizer_class optimizer_name opt",
    "lr": """learning_rate learning_rate_init eta learningrate base_lr max_lr initial_lr""",
    "lr_schedule": """lr_scheduler scheduler learning_rate_schedule lr_scheduler_cls
        learning_rate_scheduler lr_decay schedule lr_scheduler_type""",
    "weight_decay": """alpha l2 l2_reg l2_regularization reg_lambda regularization wd penalty
        kernel_regularizer recurrent_regularizer""",
    "gradient_clip": """clipnorm clip clip_norm clipvalue clip_value global_clipnorm grad_clip
        max_grad_norm gradient_clip_val gradient_clipping gradient_clip_value grad_norm clip_grad
        max_norm clip_gradient""",
    "tbptt_steps": "tbptt bptt truncated_bptt_steps tbptt_length truncation_length k1 k2",
    "max_epochs": """epochs n_epochs num_epochs nb_epoch nb_epochs max_iter n_iter n_estimators
        num_iterations iterations epoch num_train_epochs n_iterations max_iterations""",
    "batch_size": """batch minibatch_size batchsize mini_batch_size
        per_device_train_batch_size""",
    "early_stopping": "early_stop use_early_stopping restore_best_weights train_split",
    "validation_fraction": """validation_split val_split valid_fraction val_fraction valid_split
        val_size validation_size test_size""",
    "n_iter_no_change": "patience early_stopping_rounds early_stopping_patience stopping_rounds",
    "tol": "min_delta tolerance early_stopping_min_delta",
    "warm_start": "continue_training resume",
    "class_weight": "class_weights pos_weight scale_pos_weight",
    "crf": "use_crf crf_layer with_crf use_crf_layer",
    "unseen_transitions": """all_possible_transitions constrain_transitions constraints
        constrain_crf_decoding""",
    "loss": "criterion loss_fn loss_function objective loss_func likelihood",
    "huber_delta": "delta",
    "quantile": "q tau quantiles",
    "callbacks": "callback hooks pl_trainer_kwargs",
    "device": "gpu cuda use_gpu use_cuda accelerator device_type no_cuda",
    "precision": "dtype fp16 bf16 amp mixed_precision force_precision use_amp",
    "backend": "engine implementation use_numba use_cudnn compile",
    "random_state": "seed random_seed rng manual_seed",
    "verbose": "verbosity silent show_progress progress_bar print_log",
    # Parameters of Seq2SeqTransformer.
    "attention": "attention_type attn attn_type use_attention attention_mechanism",
    "input_feeding": "input_feed attention_feeding",
    "feedback": "autoregressive auto_regressive feed_previous",
    "scheduled_sampling": "sampling_probability scheduled_sampling_rate",
    "source_kind": "input_type source_type",
    "target_kind": "output_type target_type",
    "source_analyzer": """analyzer tokenizer source_tokenizer src_tokenizer level char_level
        token_level tokenize""",
    "target_analyzer": "target_tokenizer tgt_tokenizer",
    "source_min_df": "min_df min_freq min_count src_min_freq source_min_freq min_frequency",
    "target_min_df": "tgt_min_freq target_min_freq",
    "tied_embeddings": """tie_weights tie_embeddings share_embeddings tied tie_word_embeddings
        weight_tying tied_weights""",
    "label_smoothing": "smoothing label_smooth label_smoothing_factor",
    "max_length": """max_len maxlen max_target_length max_output_length max_decode_len
        max_new_tokens max_decoder_steps max_target_len output_length target_length
        output_chunk_length""",
    "beam_width": "beam_size num_beams n_beams beam beams beam_search",
    "length_penalty": "len_penalty length_alpha length_normalization",
    "autoencoder": "auto_encoder is_autoencoder reconstruct",
    "transform_method": "encode",
    # Parameters of RNNLanguageModel.
    "kind": "source_kind target_kind input_type step_type",
    "analyzer": """source_analyzer target_analyzer tokenizer level char_level token_level
        tokenize""",
    "min_df": """source_min_df target_min_df min_freq min_count min_frequency num_embeddings
        vocab_size vocabulary_size n_vocab num_tokens n_tokens max_features num_words max_tokens
        n_words""",
    "density": "likelihood distribution loss criterion loss_fn loss_function emission",
    "n_components": "n_mixtures num_mixtures n_gaussians mixtures num_components n_mix",
    "ends": "add_eos use_eos eos bos stateful is_stream",
    # Parameters of optimizers and cells.
    "optimizer__betas": "betas beta_1 beta_2 beta1 beta2",
    "optimizer__eps": "eps epsilon adam_epsilon",
    "optimizer__momentum": "momentum",
    "optimizer__nesterov": "nesterov nesterovs_momentum",
    "optimizer__amsgrad": "amsgrad",
    "optimizer__alpha": "rho",
    "module__embedding_std": "embedding_std init_std initializer_range",
    "module__forget_bias": "forget_bias unit_forget_bias",
    "module__norm_eps": "norm_eps bn_eps batch_norm_eps layer_norm_eps",
}

# Names without a corresponding parameter, and what to do instead. They may also occur above, for
# estimators that have the parameter.
_INSTEAD = {
    "Pass its entries as keyword arguments.": "extras",
    "It is learned from X in fit; leave it out.": """
        input_size input_shape n_features num_features n_inputs""",
    "It is learned from y in fit; leave it out.": """
        n_classes num_classes output_size n_outputs num_outputs""",
    "The first axis of X is always that of samples; leave it out.": "batch_first time_major",
    "Sequences may have any length; split a long series into windows with make_windows.": """
        input_length input_chunk_length window window_size horizon lags seq_len sequence_length""",
    "Sequences may have any length; shorten them with pad_sequences or SequenceVectorizer.": """
        max_length max_len maxlen""",
    "Convert text to token ids with SequenceVectorizer.": """
        vocabulary ngram_range max_df""",
    "It is learned in fit; drop rare tokens with source_min_df and target_min_df.": """
        num_embeddings input_dim vocab_size vocabulary_size n_vocab num_tokens n_tokens
        max_features num_words max_tokens""",
    "For the final states of the encoder, use Seq2SeqTransformer(transform_method='encode').": """
        return_state return_states return_hidden""",
    "The initial states are always zero; leave it out.": "stateful initial_state h_0 hx",
    "The network is trained in torch's threads; set their number with torch.set_num_threads.": """
        n_jobs num_threads n_threads nthread thread_count num_workers workers""",
    "There is no data loader; set batch_size.": """
        iterator_train iterator_valid dataset iterator_train__batch_size
        iterator_valid__batch_size""",
    "Samples are shuffled in each epoch, controlled by random_state; leave it out.": """
        shuffle iterator_train__shuffle""",
    "Pass X_val and y_val to fit.": "validation_data eval_set X_val y_val valid_data",
    "Pass sample_weight to fit.": "sample_weight class_weight class_weights weights",
    "Pass classes to partial_fit if its first y does not contain all of them.": "classes",
    "Call score or sklearn.metrics, or pass callbacks that score each epoch.": """
        metrics scoring metric eval_metric""",
    "Early stopping monitors the validation score; pass callbacks for other quantities.": "monitor",
    "The loss is determined by y; use sample_weight, or class_weight for labels.": """
        criterion loss loss_fn loss_function objective huber_delta quantile likelihood""",
    "A y of 0 and 1 with one column per label is multilabel; leave it out.": """
        multilabel multi_label""",
    "All layers have a bias; leave it out.": "bias use_bias",
    "Pass a subclass of torch.nn.Module as cell for another architecture.": """
        proj_size num_heads nhead unroll""",
    "Initial weights are orthogonal or Xavier, controlled by random_state; leave it out.": """
        init_weights kernel_initializer recurrent_initializer bias_initializer initializer""",
    "Call predict_proba or decision_function.": "predict_nonlinearity",
    "It is an argument of a method; pass it to predict.": "return_std",
    "It is an argument of a method; pass it to predict_n_best.": "n_best",
    "It is an argument of a method; pass it to sample.": "temperature top_k top_p",
    "Set scheduled_sampling, its complement: the probability of using a prediction instead.": """
        teacher_forcing teacher_forcing_ratio""",
    "Attention uses all hidden states; set attention.": "pooling pool",
    "Targets are always sequences; leave it out.": "return_sequences",
    "Only RNNClassifier and RNNRegressor have it; leave it out.": "head_norm tbptt_steps",
    "Each step is predicted from the previous ones, so the network reads forward; leave it "
    "out.": """
        bidirectional bidir bi_directional is_bidirectional birnn go_backwards""",
    "This network has no convolution; leave it out.": """
        conv_channels conv_kernel_size conv_stride filters kernel_size stride""",
    "Only Seq2SeqTransformer has it; leave it out.": """
        input_feeding feedback scheduled_sampling source_kind target_kind tied_embeddings
        label_smoothing length_penalty autoencoder transform_method""",
    "Only Seq2SeqTransformer and RNNTranscriber have it; leave it out.": "beam_width beam_size",
}


def _by_name(table: dict[str, str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for entry, listed in table.items():
        for name in listed.split():
            names.setdefault(name, []).append(entry)
    return names


MEANT = _by_name(_ELSEWHERE)
INSTEAD = {name: advice for advice, listed in _INSTEAD.items() for name in listed.split()}


def suggest(name: str, known: Iterable[str]) -> str:
    """Suggest a parameter for an unknown name, or list the valid ones.

    Parameters
    ----------
    name : str
        The unknown name.
    known : iterable of str
        The valid parameters, including those with double underscores.
    """
    known = sorted(known)
    hint = find_meant(name, known)
    if hint is not None:
        return hint
    prefix = name.partition("__")[0]
    listed = [other for other in known if other.startswith(f"{prefix}__")]
    listed = listed or [other for other in known if "__" not in other]
    return f"Known are {', '.join(listed)}."


def find_meant(name: str, known: Iterable[str]) -> str | None:
    """Suggest a parameter for an unknown name, or an alternative; None if there is none."""
    known = sorted(known)
    prefix, separator, suffix = name.partition("__")
    if prefix == "cell" and separator:
        return f"Arguments of a user-defined cell are set as 'module__{name}'."
    # An argument of a callback is not a parameter of the estimator itself.
    names = [name] if prefix == "callbacks" else [name, name.rpartition("__")[2]]
    for given in names:
        for meant in (given, *MEANT.get(given, [])):
            if meant in known:
                return f"Did you mean {meant!r}?"
        if given in INSTEAD:
            return INSTEAD[given]
    siblings = {
        other.partition("__")[2]: other for other in known if other.startswith(f"{prefix}__")
    }
    own = {other: other for other in known if "__" not in other}
    everything = {other: other for other in known}
    if siblings and separator:
        tried = [(suffix, siblings), (suffix, own)]
    elif separator:
        tried = [(name, everything), (suffix, own)]
    else:
        tried = [(name, own)]
    for given, candidates in tried:
        close = difflib.get_close_matches(given, candidates, n=1)
        if close:
            return f"Did you mean {candidates[close[0]]!r}?"
    return None
